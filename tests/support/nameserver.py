"""A DNS server of the tests' own."""

from __future__ import annotations

import socket
import threading

import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset


class NameServer:
    """A DNS server on a UDP port of this machine: answers from a table, with failures, or not at all."""

    def __init__(self) -> None:
        self.table: dict[tuple[str, str], list[str]] = {}
        self.silent: set[str] = set()
        self.failing = False
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self.socket.getsockname()[1]}"
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()

    def _serve(self) -> None:
        while True:
            try:
                data, client = self.socket.recvfrom(4096)
            except OSError:
                return
            if not data:
                return
            query = dns.message.from_wire(data)
            question = query.question[0]
            name, kind = str(question.name).rstrip("."), dns.rdatatype.to_text(question.rdtype)
            if name in self.silent:
                continue
            answer = dns.message.make_response(query)
            rows = self.table.get((name, kind))
            leads = self.table.get((name, "CNAME"))
            if self.failing:
                answer.set_rcode(dns.rcode.SERVFAIL)
            elif rows:
                answer.answer.append(dns.rrset.from_text(question.name, 60, "IN", kind, *rows))
            elif leads:
                answer.answer.append(dns.rrset.from_text(question.name, 60, "IN", "CNAME", *leads))
                if not any(f"{known}." == leads[0] for known, _ in self.table):
                    answer.set_rcode(dns.rcode.NXDOMAIN)
            elif not any(known == name for known, _ in self.table):
                answer.set_rcode(dns.rcode.NXDOMAIN)
            self.socket.sendto(answer.to_wire(max_size=65535), client)

    def close(self) -> None:
        self.socket.sendto(b"", self.socket.getsockname())
        self.thread.join()
        self.socket.close()
