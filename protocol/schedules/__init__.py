"""Schedules as data, and their arithmetic. Pure: the server previews with it, and an agent can run by it.

`rules`: what a rule is. `runs`: when it acts. `holding`: what should hold at a moment, and what to do about what was missed. `preview`: the
coming days of all rules of a device, with what the device would refuse. Nothing is imported here: the messages need the rules alone.
"""
