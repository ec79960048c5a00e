// What a new password is told before it is sent. The server judges; here are the rules that need no word list.

export const SHORTEST = 12;
export const LONGEST = 128;
const FEWEST_KINDS = 5;

export interface Judgement {
  /** Steps of four; 0 where the server would refuse it. */
  strength: 0 | 1 | 2 | 3 | 4;
  words: string;
}

export function judge(password: string): Judgement {
  const fault = faultOf(password);
  if (fault) return { strength: 0, words: fault };
  const bits = entropyBits(password);
  if (bits < 50) return { strength: 1, words: "Weak: a few more words help most" };
  if (bits < 70) return { strength: 2, words: "Fair" };
  return bits < 90 ? { strength: 3, words: "Good" } : { strength: 4, words: "Strong" };
}

function faultOf(password: string): string {
  const lacking = SHORTEST - password.length;
  if (lacking > 0) return `${lacking} more to reach ${SHORTEST} characters`;
  if (password.length > LONGEST) return `At most ${LONGEST} characters`;
  if (new Set(password.toLowerCase()).size < FEWEST_KINDS) return "Too few different characters";
  return "";
}

/** An upper bound: what guessing would take if each different character were chosen by chance. */
function entropyBits(password: string): number {
  const kinds = [/[a-z]/, /[A-Z]/, /[0-9]/, /[^a-zA-Z0-9]/].filter((kind) => kind.test(password)).length;
  const effective = Math.min(password.length, new Set(password).size * 1.7);
  return effective * Math.log2(14 + 14 * kinds);
}
