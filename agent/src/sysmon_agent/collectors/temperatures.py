"""Temperatures of chips, disks and boards."""

import os
from dataclasses import dataclass

from sysmon_agent.collectors.base import Collector, Context, Key, Readings
from sysmon_agent.collectors.files import folder_names, read_word

_COLDEST, _HOTTEST = -40.0, 150.0  # what lies outside is a sensor that is not connected
_SEARCH_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Sensor:
    path: str
    id: str
    location: str


def parse_millidegrees(word: str) -> float | None:
    """Read a sensor's word: degrees Celsius, or None where it makes no sense."""
    if not word.removeprefix("-").isdecimal():
        return None
    degrees = int(word) / 1000
    return degrees if _COLDEST <= degrees <= _HOTTEST else None


class Temperatures(Collector):
    """The sensors of hwmon chips; thermal zones only where no chip has one, for chips show most zones too."""

    name = "temperatures"

    def __init__(self, context: Context) -> None:
        self._clock = context.clock
        self._hwmon = context.sys("class/hwmon")
        self._thermal = context.sys("class/thermal")
        self._sensors: list[Sensor] = []
        self._search_at = context.clock.monotonic()

    def collect(self) -> Readings:
        now = self._clock.monotonic()
        if now >= self._search_at:
            self._sensors = hwmon_sensors(self._hwmon) or thermal_zones(self._thermal)
            self._search_at = now + _SEARCH_SECONDS
        values: dict[Key, float] = {}
        for sensor in self._sensors:
            degrees = parse_millidegrees(read_word(sensor.path))
            if degrees is not None:
                values["hw.temperature", sensor.id, sensor.location] = degrees
        return Readings(values)


def hwmon_sensors(folder: str) -> list[Sensor]:
    """Find the temperature sensors of all chips."""
    return [sensor for chip in folder_names(folder) for sensor in _chip_sensors(f"{folder}/{chip}")]


def _chip_sensors(chip: str) -> list[Sensor]:
    chip_id = _chip_id(chip)
    taken: set[str] = set()
    sensors = []
    for file in folder_names(chip):
        if file.startswith("temp") and file.endswith("_input"):
            sensor = file.removesuffix("_input")
            label = read_word(f"{chip}/{sensor}_label") or sensor
            location = sensor if label in taken else label
            taken.add(location)
            sensors.append(Sensor(f"{chip}/{file}", chip_id, location))
    return sensors


def _chip_id(chip: str) -> str:
    """Name a chip by its kind and its device: the numbers of hwmon folders change from boot to boot."""
    name = read_word(f"{chip}/name") or os.path.basename(chip)
    try:
        device = os.path.basename(os.readlink(f"{chip}/device"))
    except OSError:
        return name
    return device if device.startswith(name) else f"{name}-{device}"


def thermal_zones(folder: str) -> list[Sensor]:
    """Find the thermal zones, which machines without hwmon chips have."""
    return [
        Sensor(f"{folder}/{zone}/temp", zone, read_word(f"{folder}/{zone}/type"))
        for zone in folder_names(folder)
        if zone.startswith("thermal_zone")
    ]
