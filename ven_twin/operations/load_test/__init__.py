"""A load test on AWS: how large it gets, what it costs, and how it is started.

sizing       shards, processors, memory and time of so many VENs, by measured figures
costs        its bill, by the price table
submission   the stack that is deployed, the account's quotas, and the array job
"""
