// What a new password is told before it is sent. The server's rules decide; these are the same where they can be.

export const SHORTEST = 12;
export const LONGEST = 128;

export interface Judgement {
  /** Steps of four; 0 where the server would refuse it. */
  strength: 0 | 1 | 2 | 3 | 4;
  words: string;
}

/** Judge a new password of `user`. */
export function judge(password: string, user: string): Judgement {
  const fault = faultOf(password, user);
  if (fault) return { strength: 0, words: fault };
  const bits = entropyBits(password);
  if (bits < 50) return { strength: 1, words: "Weak: a few more words help most" };
  if (bits < 70) return { strength: 2, words: "Fair" };
  return bits < 90 ? { strength: 3, words: "Good" } : { strength: 4, words: "Strong" };
}

function faultOf(password: string, user: string): string {
  const lower = password.toLowerCase();
  if (password.length < SHORTEST) return `${SHORTEST - password.length} more to reach ${SHORTEST} characters`;
  if (password.length > LONGEST) return `At most ${LONGEST} characters`;
  if (new Set(lower).size < 5) return "Too few different characters";
  if (user && lower.includes(user.toLowerCase())) return "Must not contain the user's name";
  if (lower.includes("sysmon")) return "Must not contain the product's name";
  return "";
}

/** An upper bound: what guessing would take if each different character were chosen by chance. */
function entropyBits(password: string): number {
  const kinds = [/[a-z]/, /[A-Z]/, /[0-9]/, /[^a-zA-Z0-9]/].filter((kind) => kind.test(password)).length;
  const effective = Math.min(password.length, new Set(password).size * 1.7);
  return effective * Math.log2(14 + 14 * kinds);
}
