"""The commands of README, tutorial and guides, run as they are written: ``make doc-commands``.

reading.py    a page's blocks of commands, and the files that it shows
rules.py      what is not run and why, what goes on until Ctrl-C, which pages go on from which
session.py    a reader: a folder, terminals, one local cloud; each command in the order of the page
"""
