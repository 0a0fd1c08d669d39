"""One TLS connection of gRPC's C core, which brings BoringSSL: its ClientHello is what counts.

Takes -address ip:port, -name and -ca. The server need not speak HTTP/2: the client ends when the
handshake is over, whatever comes then.
"""
import sys
import grpc

given = dict(zip(sys.argv[1::2], sys.argv[2::2]))
with open(given["-ca"], "rb") as file:
    credentials = grpc.ssl_channel_credentials(root_certificates=file.read())
options = [
    ("grpc.ssl_target_name_override", given["-name"]),
    ("grpc.enable_retries", 0),
    ("grpc.max_reconnect_backoff_ms", 100_000),
    ("grpc.initial_reconnect_backoff_ms", 100_000),
]
channel = grpc.secure_channel(given["-address"], credentials, options)
try:
    grpc.channel_ready_future(channel).result(timeout=2)
except grpc.FutureTimeoutError:
    pass
channel.close()
