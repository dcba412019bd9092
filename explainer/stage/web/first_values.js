/*
 * Another hidden size: its first values are all that must come from the server, which answers long
 * before it has drawn the page again. So the numbers follow while the slider still moves.
 */

/** @import { Data } from "./sent.js" */
/** @import { Tensors } from "./tensors.js" */

/** The slider beside the page; its steps are numbered, and it says their values in words. */
const SLIDER = ".st-key-hidden_size input[type=range]";
const VALUE = "aria-valuetext";

/** What the server has sent, and what came ahead of its page. */
export class FirstValues {
  /**
   * @param {() => Tensors | null} shown
   * @param {(data: Data) => void} show
   */
  constructor(shown, show) {
    this.shown = shown;
    this.show = show;
    /** @type {Data | null} what the page brought last */
    this.brought = null;
    /** @type {Partial<Data>} */
    this.ahead = {};
    /** the hidden size that was asked for last, since the page brought numbers */
    this.asked = "";
    this.asking = false;
    this.observer = new MutationObserver(() => this.ask());
    this.observer.observe(document.body, { subtree: true, attributeFilter: [VALUE] });
  }

  /**
   * Return what is to be shown of what the page brings: drawn again with the same numbers, it does
   * not know yet what came ahead of it.
   * @param {Data} data
   * @returns {Data}
   */
  join(data) {
    const { meta, numbers } = this.brought ?? {};
    if (data.meta !== meta || data.numbers !== numbers) {
      this.ahead = {};
      this.asked = "";
    }
    this.brought = data;
    return { ...data, ...this.ahead };
  }

  /** Ask for the hidden size that the reader has come to; one question at a time. */
  async ask() {
    const tensors = this.shown();
    const size = chosenSize();
    if (this.asking || !tensors?.meta.linked || !size) return;
    if (size === (this.asked || String(tensors.sizes.H))) return;
    const { slug } = tensors.meta;
    this.asked = size;
    this.asking = true;
    const sent = await answer(slug, size);
    this.asking = false;
    if (size !== chosenSize()) return void this.ask();
    if (!sent || !this.brought || slug !== this.shown()?.meta.slug) return;
    this.ahead = sent;
    this.show({ ...this.brought, ...sent });
  }

  /** Ask no longer. */
  end() {
    this.observer.disconnect();
  }
}

/** Let the server, which waits for it, know that what came ahead of the page is drawn. */
export function tellDrawn() {
  requestAnimationFrame(() => answer("", ""));
}

/** Return the hidden size on the slider while the reader moves it; "" at other times. */
function chosenSize() {
  const slider = document.activeElement;
  return (slider?.matches(SLIDER) && slider.getAttribute(VALUE)) || "";
}

/**
 * Return what the stage of a chapter is sent for a hidden size; null where its page says more.
 * @param {string} chapter
 * @param {string} size
 * @returns {Promise<Partial<Data> | null>}
 */
async function answer(chapter, size) {
  const url = new URL("first-values", location.href);
  url.search = location.search;
  url.searchParams.set("hidden_size", size);
  url.searchParams.set("chapter", chapter);
  try {
    const response = await fetch(url);
    return response.status === 200 ? await response.json() : null;
  } catch {
    return null; // the page follows anyway
  }
}
