"""The stack on loopback: an AWS emulator, started, hardened and deployed to."""
