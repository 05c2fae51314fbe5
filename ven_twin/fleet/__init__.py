"""Many houses at once: the physics of `ven_twin.devices` over arrays. Needs numpy, which a twin does not."""
