// The invitation to a survey that not everybody may answer: its code is in the link that the participant was
// sent, after the #, so that no server logs it.

/** Where the code is kept, because an answer may be sent on a later visit. */
const KEY = 'soundalike-invitation';
const CODE = /^#invitation=([0-9A-HJKMNP-TV-Z]{4}(?:-[0-9A-HJKMNP-TV-Z]{4}){3})$/;

/** The code of the link that was opened last, now or before; empty without one. */
export function invitation() {
  const [, code = ''] = CODE.exec(location.hash) ?? [];
  try {
    if (code) localStorage.setItem(KEY, code);
    return localStorage.getItem(KEY) ?? code;
  } catch {
    // A browser that keeps nothing.
    return code;
  }
}
