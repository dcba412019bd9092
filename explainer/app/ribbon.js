/** Hues that stay apart for readers who confuse red and green (Okabe and Ito). */
const HUES = ["#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#B8A800"];

/**
 * Draw a row of tokens. Token text is a reader's text: it only ever becomes textContent.
 * @param {{data: {tokens: string[], ids: number[]}, parentElement: Element}} component
 */
export default function ribbon({ data, parentElement }) {
  const chips = data.tokens.map((token, i) => {
    const chip = document.createElement("span");
    chip.className = "token";
    chip.style.setProperty("--hue", HUES[data.ids[i] % HUES.length]);
    chip.textContent = token;
    chip.title = `id ${data.ids[i]}`;
    return chip;
  });
  const box = parentElement.querySelector(".ribbon");
  box.replaceChildren(...chips);
  // what scrolls is to be reached by keyboard, too
  const reach = () => {
    if (box.scrollHeight > box.clientHeight) box.tabIndex = 0;
    else box.removeAttribute("tabindex");
  };
  reach();
  if (!box.dataset.watched) new ResizeObserver(reach).observe(box);
  box.dataset.watched = "true";
}
