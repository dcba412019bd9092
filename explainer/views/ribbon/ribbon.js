/** Hues that stay apart for readers who confuse red and green (Okabe and Ito). */
const HUES = ["#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#B8A800"];

/**
 * Draw a row of tokens. Token text is a reader's text: it only ever becomes textContent.
 * @param {{data: {tokens: string[], ids: number[], current: number | null}, parentElement: Element,
 *   setTriggerValue: (name: string, value: number) => void}} component
 */
export default function ribbon(component) {
  const { data, parentElement, setTriggerValue } = component;
  const row = parentElement.querySelector(".ribbon");
  const steps = data.current !== null;
  row.classList.toggle("text", !steps);
  const tokens = data.tokens.map((token, i) => {
    const chip = document.createElement(steps ? "button" : "span");
    chip.className = "token";
    chip.style.setProperty("--hue", HUES[data.ids[i] % HUES.length]);
    chip.textContent = token;
    chip.title = `id ${data.ids[i]}`;
    if (steps) {
      const id = document.createElement("span");
      id.className = "id";
      id.textContent = String(data.ids[i]);
      chip.append(id);
      chip.setAttribute("aria-current", String(i === data.current));
      chip.setAttribute("aria-label", `time step ${i}, token ${token}, id ${data.ids[i]}`);
      chip.onclick = () => setTriggerValue("chosen", i);
    }
    return chip;
  });
  row.replaceChildren(...tokens);
}
