"""A TLS front that speaks HTTP/2 only, before an S3 server that speaks HTTP/1.1: as a balancer in a data centre
does. It counts connections and requests."""

import asyncio
import http.client
import ssl
import threading

import h2.config
import h2.connection
import h2.events
import h2.settings

WINDOW = 4 << 20
HOP_BY_HOP = {"connection", "transfer-encoding", "keep-alive", "content-length"}


class Connection(asyncio.Protocol):
    """One client; each stream is a request that a thread carries out."""

    def __init__(self, front):
        self.front = front
        self.h2 = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False,
                                                                        header_encoding="utf-8"))
        self.requests = {}  # by stream: headers and body
        self.unsent = {}  # by stream: the rest of an answer
        self.transport = None

    def connection_made(self, transport):
        self.transport = transport
        self.front.connections += 1
        self.h2.local_settings = h2.settings.Settings(
            client=False, initial_values={h2.settings.SettingCodes.INITIAL_WINDOW_SIZE: WINDOW,
                                          h2.settings.SettingCodes.MAX_CONCURRENT_STREAMS: 64})
        self.h2.initiate_connection()
        self.h2.increment_flow_control_window(16 * WINDOW)
        self.flush()

    def flush(self):
        self.transport.write(self.h2.data_to_send())

    def data_received(self, data):
        for event in self.h2.receive_data(data):
            if isinstance(event, h2.events.RequestReceived):
                self.requests[event.stream_id] = (event.headers, bytearray())
            elif isinstance(event, h2.events.DataReceived):
                if event.stream_id in self.requests:
                    self.requests[event.stream_id][1].extend(event.data)
                self.h2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
            elif isinstance(event, h2.events.StreamEnded):
                headers, body = self.requests.pop(event.stream_id)
                self.front.count(headers)
                asyncio.ensure_future(self.carry_out(event.stream_id, headers, bytes(body)))
            elif isinstance(event, h2.events.StreamReset):
                self.requests.pop(event.stream_id, None)
                self.unsent.pop(event.stream_id, None)
        for stream in list(self.unsent):
            self.send_more(stream)
        self.flush()

    async def carry_out(self, stream, headers, body):
        status, answered, content = await asyncio.to_thread(self.front.ask, headers, body)
        try:
            kept = [(name.lower(), value) for name, value in answered if name.lower() not in HOP_BY_HOP]
            length = next((value for name, value in answered if name.lower() == "content-length"), None)
            if length is not None:
                kept.append(("content-length", length))
            self.h2.send_headers(stream, [(":status", str(status)), *kept], end_stream=not content)
            if content:
                self.unsent[stream] = content
                self.send_more(stream)
            self.flush()
        except h2.exceptions.ProtocolError:
            pass  # the client has given it up

    def send_more(self, stream):
        content = self.unsent[stream]
        while content:
            size = min(self.h2.local_flow_control_window(stream), self.h2.max_outbound_frame_size, len(content))
            if size <= 0:
                break
            self.h2.send_data(stream, content[:size], end_stream=size == len(content))
            content = content[size:]
        if content:
            self.unsent[stream] = content
        else:
            del self.unsent[stream]


class Http2Front:
    """Runs in a thread of its own. Use it as a context manager."""

    def __init__(self, server_port, certificate, key):
        self.server_port = server_port
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(certificate, key)
        self.context.set_alpn_protocols(["h2"])
        self.connections = 0
        self.requests = 0
        self.methods = set()
        self.port = 0
        self.ready = threading.Event()
        self.loop = asyncio.new_event_loop()

    def count(self, headers):
        self.requests += 1
        self.methods.add(dict(headers)[":method"])

    def ask(self, headers, body):
        fields = dict(headers)
        onward = {name: value for name, value in headers if not name.startswith(":")}
        onward["host"] = fields[":authority"]
        if body or fields[":method"] in ("PUT", "POST"):
            onward["content-length"] = str(len(body))
        connection = http.client.HTTPConnection("127.0.0.1", self.server_port, timeout=60)
        try:
            connection.putrequest(fields[":method"], fields[":path"], skip_host=True, skip_accept_encoding=True)
            for name, value in onward.items():
                connection.putheader(name, value)
            connection.endheaders(body)
            answer = connection.getresponse()
            return answer.status, answer.getheaders(), answer.read()
        finally:
            connection.close()

    def __enter__(self):
        threading.Thread(target=self.run, daemon=True).start()
        self.ready.wait(10)
        return self

    def __exit__(self, *_):
        self.loop.call_soon_threadsafe(self.loop.stop)

    def run(self):
        async def listen():
            server = await self.loop.create_server(lambda: Connection(self), "127.0.0.1", 0, ssl=self.context)
            self.port = server.sockets[0].getsockname()[1]
            self.ready.set()

        self.loop.run_until_complete(listen())
        self.loop.run_forever()
