// Words for the canonical metrics of the fleet.

const WORDS: Readonly<Record<string, string>> = {
  cpu: "CPU",
  iowait: "CPU waiting for I/O",
  load1: "Load, 1 minute",
  memory: "Memory",
  memory_used: "Memory used",
  memory_limit: "Memory of the machine",
  swap: "Swap",
  filesystem: "Fullest filesystem",
  disk_read: "Disk read",
  disk_write: "Disk written",
  disk_busy: "Busiest disk",
  net_receive: "Network received",
  net_transmit: "Network sent",
  pressure_cpu: "CPU pressure",
  pressure_memory: "Memory pressure",
  pressure_io: "I/O pressure",
  temperature: "Hottest sensor",
  processes: "Processes",
  uptime: "Uptime",
};

export function metricWords(name: string): string {
  return WORDS[name] ?? name;
}
