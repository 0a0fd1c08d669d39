"""ESP packets of a transport-mode association, by a raw socket: the recording kernel has no ESP.

Takes -to ip, -spi hex, -first sequence and -count. The payload is random, as ciphertext is; nobody at
the other end reads it.
"""
import os
import socket
import struct
import sys
import time

given = dict(zip(sys.argv[1::2], sys.argv[2::2]))
out = socket.socket(socket.AF_INET, socket.SOCK_RAW, 50)
first = int(given["-first"])
for sequence in range(first, first + int(given["-count"])):
    header = struct.pack("!II", int(given["-spi"], 16), sequence)
    out.sendto(header + os.urandom(120), (given["-to"], 0))
    time.sleep(0.05)
