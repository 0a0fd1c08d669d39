"""A QUIC peer of aioquic: `-serve true` answers what it is asked, else one question is asked.

Flags have the form `-name value`, as those of the other peers here. Versions are `v1` and `v2`, in the
order in which they are preferred; a client begins with `-first`, or else with the first of them.
"""

import asyncio
import sys

from aioquic.asyncio import QuicConnectionProtocol, connect, serve
from aioquic.quic.configuration import QuicConfiguration
from aioquic.quic.events import StreamDataReceived
from aioquic.quic.packet import QuicProtocolVersion
from aioquic.tls import CipherSuite

FLAGS = dict(zip((flag.lstrip("-") for flag in sys.argv[1::2]), sys.argv[2::2]))
VERSIONS = {"v1": QuicProtocolVersion.VERSION_1, "v2": QuicProtocolVersion.VERSION_2}
ALPN = "hq-interop"


class Answering(QuicConnectionProtocol):
    def quic_event_received(self, event):
        if isinstance(event, StreamDataReceived) and event.end_stream:
            self._quic.send_stream_data(event.stream_id, b"ok\n", end_stream=True)
            self.transmit()


def configuration(is_client):
    versions = [VERSIONS[name] for name in FLAGS.get("versions", "v1").split(",")]
    made = QuicConfiguration(is_client=is_client, alpn_protocols=[ALPN])
    made.supported_versions = versions
    made.original_version = VERSIONS.get(FLAGS.get("first"), versions[0])
    if "suite" in FLAGS:
        made.cipher_suites = [CipherSuite[FLAGS["suite"]]]
    if "keylog" in FLAGS:
        made.secrets_log_file = open(FLAGS["keylog"], "a", buffering=1)
    if "cert" in FLAGS:
        made.load_cert_chain(FLAGS["cert"], FLAGS["key"])
    return made


async def answer(host, port):
    await serve(host, port, configuration=configuration(False), create_protocol=Answering)
    await asyncio.Future()


async def ask(host, port):
    made = configuration(True)
    made.server_name = FLAGS["name"]
    made.load_verify_locations(FLAGS["ca"])
    async with connect(host, port, configuration=made) as client:
        reader, writer = await client.create_stream()
        writer.write(b"GET /\r\n")
        writer.write_eof()
        await reader.read()


host, port = FLAGS["address"].rsplit(":", 1)
asyncio.run((answer if "serve" in FLAGS else ask)(host, int(port)))
