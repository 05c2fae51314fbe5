"""The devices on the house's circuits, one a file; a new one is registered here."""

from ven_twin.house.circuit import Device
from ven_twin.house.devices.battery import Battery
from ven_twin.house.devices.dryer import Dryer
from ven_twin.house.devices.ev import Ev
from ven_twin.house.devices.fridge import Fridge
from ven_twin.house.devices.hvac import Hvac
from ven_twin.house.devices.lights import Lights
from ven_twin.house.devices.outlets import Outlets
from ven_twin.house.devices.pv import Pv
from ven_twin.house.devices.range import Range
from ven_twin.house.devices.water_heater import WaterHeater

DEVICES: tuple[type[Device], ...] = (
    Hvac,
    WaterHeater,
    Ev,
    Battery,
    Dryer,
    Range,
    Lights,
    Fridge,
    Outlets,
    Pv,
)
