/*
 * Which cell of a lane the tab key reaches.
 */

/**
 * Make a cell the one that the tab key reaches, and focus it.
 * @param {HTMLElement} cell
 */
export function moveFocus(cell) {
  cell.closest(".sheet")?.querySelector('.cell[tabindex="0"]')?.setAttribute("tabindex", "-1");
  cell.setAttribute("tabindex", "0");
  cell.focus({ preventScroll: true });
}
