"""Callback URLs: which may be given, and which addresses are connected to for them."""

from __future__ import annotations

import pytest

from contracts.errors import FieldError
from lambdas.shared.callback_urls import CallbackHosts, CallbackUrl, may_connect, read_callback_url

NOT_PUBLIC = (
    "127.0.0.1",
    "127.8.8.8",
    "0.0.0.0",  # noqa: S104 - judged, not listened on
    "10.0.0.1",
    "100.64.0.1",
    "169.254.169.254",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.170",
    "192.0.2.1",
    "192.168.1.1",
    "198.18.0.1",
    "224.0.0.1",
    "239.255.255.250",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "fc00::1",
    "fd00:ec2::254",
    "fe80::1",
    "fe80::1%eth0",
    "ff02::1",
    "2001:db8::1",
    "::ffff:10.0.0.1",
    "::ffff:169.254.169.254",
    "::ffff:127.0.0.1",
    "::127.0.0.1",
    "64:ff9b::7f00:1",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b:1::1",
    "2002:7f00:1::",
    "2002:a9fe:a9fe::1",
    "2001:0:a9fe:a9fe::1",
    "not an address",
    "",
)


@pytest.mark.parametrize("address", NOT_PUBLIC)
def test_an_address_that_is_not_of_the_internet_is_not_connected_to(address: str) -> None:
    """Private, link-local, metadata and reserved addresses, also those within an IPv6 address."""
    assert not may_connect(address, CallbackHosts.PUBLIC)


@pytest.mark.parametrize(
    "address", ["93.184.216.34", "2606:2800:220:1:248:1893:25c8:1946", "64:ff9b::5db8:d822", "1.1.1.1"]
)
def test_an_address_of_the_internet_is_connected_to(address: str) -> None:
    """Public IPv4 and IPv6, by NAT64 too."""
    assert may_connect(address, CallbackHosts.PUBLIC)


def test_a_stage_on_one_machine_connects_to_its_loopback_and_to_nothing_else_more() -> None:
    """The metadata service of a real machine stays out of reach."""
    assert may_connect("127.0.0.1", CallbackHosts.LOOPBACK)
    assert may_connect("::1", CallbackHosts.LOOPBACK)
    others = [address for address in NOT_PUBLIC if not address.startswith("127.") and address != "::1"]
    assert not [address for address in others if may_connect(address, CallbackHosts.LOOPBACK)]


@pytest.mark.parametrize(
    "url",
    [
        "",
        "https://",
        "https:///path",
        "http://caller.example.net/",
        "HTTP://caller.example.net/",
        "ftp://caller.example.net/",
        "//caller.example.net/",
        "caller.example.net",
        "https://caller.example.net:0/",
        "https://caller.example.net:65536/",
        "https://caller.example.net:port/",
        "https://user@caller.example.net/",
        "https://user:word@caller.example.net/",
        "https://caller.example.net/#fragment",
        "https://caller.example.net/a b",
        "https://caller.example.net/\r\nHost: other",
        "https://caller.example.net\\@other.example.org/",
        "https://exämple.org/",
        "https://[::1/",
        "https://caller.example.net/" + "a" * 2048,
        "javascript:alert(1)",
    ],
)
def test_a_url_that_is_no_callback_is_refused_by_its_field(url: str) -> None:
    """Plain HTTP, users, fragments, control characters: one line, without the URL in it."""
    with pytest.raises(FieldError) as refused:
        read_callback_url(url)
    assert refused.value.field == "callbackUrl"
    assert "caller" not in str(refused.value)


def test_a_url_is_read_into_its_pieces() -> None:
    """The port only where it is not 443, the query as it was written."""
    read = read_callback_url("https://Caller.example.net:8443/a/b?key=1&c=%20")
    assert read == CallbackUrl("caller.example.net", 8443, "/a/b", "key=1&c=%20")
    assert read.authority == "caller.example.net:8443"
    assert read.target == "/a/b?key=1&c=%20"
    assert read_callback_url("https://[2001:db8::1]").authority == "[2001:db8::1]"


def test_an_echo_is_added_to_the_query_that_is_there() -> None:
    """As the document has it, and below ``/echo`` as the reference has it."""
    read = read_callback_url("https://caller.example.net/in?key=1")
    assert read.echoing("a+b").target == "/in?key=1&echo=a%2Bb"
    assert read.below("echo").echoing("w").target == "/in/echo?key=1&echo=w"
    assert read_callback_url("https://caller.example.net").below("echo").target == "/echo"
