"""The devices on the house's circuits, one a file; a new one is registered here."""

from ven_twin.house.circuit import Device
from ven_twin.house.devices.appliance import Dryer, Range
from ven_twin.house.devices.base_load import BaseLoad
from ven_twin.house.devices.battery import Battery
from ven_twin.house.devices.dimmable import Lights, Outlets
from ven_twin.house.devices.ev import Ev
from ven_twin.house.devices.fridge import Fridge
from ven_twin.house.devices.hvac import Hvac
from ven_twin.house.devices.pv import Pv
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
    BaseLoad,
)
