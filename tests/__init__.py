"""Tests. A package, because gmqtt installs one of the same name beside it."""
