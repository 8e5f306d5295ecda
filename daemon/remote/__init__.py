"""Using the daemon of another computer: keys, addresses, and the daemon that forwards.

The conversation between the two computers is encrypted by CurveZMQ (https://rfc.zeromq.org/spec/26/): each
side proves that it holds the secret half of a key whose public half the other side was given beforehand.
"""
