"""The limits that a growing fleet meets, and the course of an event over it: ``make scale``.

    quotas     AWS's, in a region of either kind, with their sources
    planner    the real planner over 10,000 to 1,000,000 VENs, measured in processes of its own
    limits     the count of VENs at which each limit is met, by the code's constants and measured figures
    course     an event from its dispatch to the last VEN, second by second
    returning  a whole fleet that comes back after an outage
    page       the tables of docs/guides/scale.md

Nothing of it was seen on AWS.
"""
