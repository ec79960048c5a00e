// Names of browsers, as far as a User-Agent tells; the more particular names first, because others imitate the rest.

const BROWSERS: readonly (readonly [mark: string, name: string])[] = [
  ["Edg/", "Edge"],
  ["OPR/", "Opera"],
  ["Firefox/", "Firefox"],
  ["Chrome/", "Chrome"],
  ["Safari/", "Safari"],
  ["sysmon", "sysmon"],
  ["curl/", "curl"],
];
const SYSTEMS: readonly (readonly [mark: string, name: string])[] = [
  ["Android", "Android"],
  ["iPhone", "iPhone"],
  ["iPad", "iPad"],
  ["Windows", "Windows"],
  ["Mac OS", "macOS"],
  ["Linux", "Linux"],
];

/** Such as "Firefox on Linux"; the User-Agent's beginning where it is unknown. */
export function browserOf(agent: string): string {
  const named = (names: typeof BROWSERS) => names.find(([mark]) => agent.includes(mark))?.[1];
  const browser = named(BROWSERS) ?? (agent.slice(0, 40) || "unknown browser");
  const system = named(SYSTEMS);
  return system ? `${browser} on ${system}` : browser;
}
