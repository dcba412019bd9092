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
    /** how far the slider went last */
    this.step = 0;
    /** @type {{url: string, sent: Partial<Data> | null}} what comes if it goes as far again */
    this.further = { url: "", sent: null };
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
      this.lookFurther();
    }
    this.brought = data;
    return { ...data, ...this.ahead };
  }

  /** Ask for the hidden size that the reader has come to; one question at a time. */
  async ask() {
    const tensors = this.shown();
    const size = chosenSize();
    if (this.asking || !tensors?.meta.linked || !size) return;
    const before = this.asked || String(tensors.sizes.H);
    if (size === before) return;
    const { slug } = tensors.meta;
    const url = addressOf(slug, size);
    this.asked = size;
    this.step = Number(size) - Number(before);
    if (url === this.further.url && this.further.sent) return this.showAhead(this.further.sent);
    this.asking = true;
    const sent = await answer(url);
    this.asking = false;
    if (size !== chosenSize()) return void this.ask();
    if (sent && slug === this.shown()?.meta.slug) this.showAhead(sent);
  }

  /** @param {Partial<Data>} sent */
  showAhead(sent) {
    if (!this.brought) return;
    this.ahead = sent;
    this.show({ ...this.brought, ...sent });
  }

  /** Ask for the size that comes next in the same direction, before the reader goes there. */
  async lookFurther() {
    const size = Number(chosenSize()) + this.step;
    const slug = this.shown()?.meta.slug;
    if (!this.step || !chosenSize() || !slug || size < 1) return;
    /** @type {FirstValues["further"]} */
    const further = { url: addressOf(slug, String(size)), sent: null };
    this.further = further;
    further.sent = await answer(further.url);
  }

  /** Ask no longer. */
  end() {
    this.observer.disconnect();
  }
}

/** Let the server, which waits for it, know that what came ahead of the page is drawn. */
export function tellDrawn() {
  requestAnimationFrame(() => answer(addressOf("", "")));
}

/** Return the hidden size on the slider while the reader moves it; "" at other times. */
function chosenSize() {
  const slider = document.activeElement;
  return (slider?.matches(SLIDER) && slider.getAttribute(VALUE)) || "";
}

/**
 * Return where the server says what the stage of a chapter is sent for a hidden size.
 * @param {string} chapter
 * @param {string} size
 */
function addressOf(chapter, size) {
  const url = new URL("first-values", location.href);
  url.search = location.search;
  url.searchParams.set("hidden_size", size);
  url.searchParams.set("chapter", chapter);
  return url.href;
}

/**
 * Return what the server says there; null where the page says more.
 * @param {string} url
 * @returns {Promise<Partial<Data> | null>}
 */
async function answer(url) {
  try {
    const response = await fetch(url);
    return response.status === 200 ? await response.json() : null;
  } catch {
    return null; // the page follows anyway
  }
}
