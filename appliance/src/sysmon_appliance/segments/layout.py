"""What a segment file and its reader agree on."""

from sysmon_appliance.domain.segments import Kind

FORMAT = 1
"""Version of the format; it rises with every change that an earlier release would misread."""

APPLICATION_ID = 0x53794D73  # "SyMs"

TIMES = {Kind.RAW: 1, Kind.MINUTE: 3, Kind.HOUR: 3}
"""Arrays of whole numbers that all series of a row share: times of ticks; of rollups the start of each bucket, the time
of its last tick, and the number of its ticks."""
