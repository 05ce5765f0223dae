"""The decorators context and socket: open, hand over, close."""

import pytest

import zmqpy as zmq
from zmqpy.decorators import context, socket


def test_positional_arguments():
    @context()
    @socket(zmq.PUB)
    def function(ctx, pub):
        """Documented."""
        assert isinstance(ctx, zmq.Context) and isinstance(pub, zmq.Socket)
        assert not ctx.closed and not pub.closed
        return ctx, pub

    ctx, pub = function()
    assert ctx.closed and pub.closed
    assert pub.type == zmq.PUB
    assert function.__name__ == "function" and function.__doc__ == "Documented."


def test_named_arguments():
    @context("ctx")
    @socket("pub", zmq.PUB, context_name="ctx")
    def function(first, *, ctx, pub):
        assert pub.context is ctx
        return first

    assert function(5) == 5


def test_name_keyword():
    @context(name="ctx", io_threads=2)
    @socket(zmq.SUB, name="sub")
    def function(**given):
        assert given["ctx"].io_threads == 2
        assert given["sub"].type == zmq.SUB

    function()


def test_several_sockets():
    @context()
    @socket(zmq.PUSH)
    @socket(zmq.PULL)
    @socket("named", zmq.PAIR)
    def function(ctx, push, pull, named):
        assert [s.type for s in (push, pull, named)] == [zmq.PUSH, zmq.PULL, zmq.PAIR]
        assert push.context is pull.context is named.context is ctx

    function()


def test_socket_without_context_uses_the_instance():
    @socket(zmq.PUSH)
    def function(push):
        return push, push.context

    push, used = function()
    assert push.closed and used is zmq.Context.instance()
    used.term()


def test_given_arguments_come_first_in_calls():
    @context()
    @socket(zmq.PUSH)
    def function(a, b, ctx, push, c=0):
        return a, b, c, type(ctx).__name__, push.type

    assert function(1, 2, c=3) == (1, 2, 3, "Context", zmq.PUSH)


def test_methods():
    class Thing:
        @context()
        @socket(zmq.PUSH)
        def method(self, ctx, push):
            assert isinstance(self, Thing)
            return push

    assert Thing().method().closed


def test_exceptions_pass_and_everything_closes():
    kept = []

    @context()
    @socket(zmq.PUSH)
    def function(ctx, push):
        kept.extend([ctx, push])
        raise ZeroDivisionError("mine")

    with pytest.raises(ZeroDivisionError, match="mine"):
        function()
    assert all(thing.closed for thing in kept)


def test_missing_socket_type():
    @socket()
    def function(push):
        raise AssertionError("not reached")

    with pytest.raises(TypeError):
        function()


def test_subclass_of_context():
    class MyContext(zmq.Context):
        pass

    assert zmq.decorators.context is context

    @context()
    @socket("s", zmq.PAIR)
    def function(ctx, s):
        s.bind("inproc://decorated")

    function()
    function()
