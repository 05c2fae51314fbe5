"""A twin under hostile visitors of its page, and on a machine that has nothing left: ``make visitors``."""
