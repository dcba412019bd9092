/*
 * Which edits the server knows of: it is told at rest, shows them a moment later around the stage,
 * and may have others from elsewhere on the page.
 */

/** What the server was told, and what it shows. */
export class ServerEdits {
  constructor() {
    /** @type {string | null} edits that it shows, as in an address; null before it has said any */
    this.shown = null;
    /** @type {string[]} those that it was told, and does not show yet */
    this.told = [];
  }

  /**
   * Take what the server shows; tell whether that was made elsewhere on the page.
   * @param {string} edit
   */
  heard(edit) {
    const before = this.shown;
    this.shown = edit;
    const echo = this.told.lastIndexOf(edit);
    if (echo >= 0) this.told.splice(0, echo + 1);
    return echo < 0 && this.told.length === 0 && before !== null && edit !== before;
  }

  /**
   * Take what the user's edits are; tell whether the server must be told.
   * @param {string} edit
   */
  mustTell(edit) {
    if (edit === (this.told.at(-1) ?? this.shown)) return false;
    this.told.push(edit);
    return true;
  }
}
