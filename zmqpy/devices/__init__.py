"""Devices: proxies with their sockets, in the calling thread, a background thread or another process.

A device is told what to bind, connect and set before it starts; the sockets are made where it runs.
"""

from __future__ import annotations

from zmqpy._core.device import proxy as proxy
from zmqpy.constants import DeviceType as DeviceType
from zmqpy.devices.basedevice import Device, ProcessDevice, ThreadDevice
from zmqpy.devices.monitoredqueue import monitored_queue
from zmqpy.devices.monitoredqueuedevice import MonitoredQueue, ProcessMonitoredQueue, ThreadMonitoredQueue
from zmqpy.devices.proxydevice import ProcessProxy, Proxy, ThreadProxy
from zmqpy.devices.proxysteerabledevice import ProcessProxySteerable, ProxySteerable, ThreadProxySteerable

__all__ = [
    "Device",
    "MonitoredQueue",
    "ProcessDevice",
    "ProcessMonitoredQueue",
    "ProcessProxy",
    "ProcessProxySteerable",
    "Proxy",
    "ProxySteerable",
    "ThreadDevice",
    "ThreadMonitoredQueue",
    "ThreadProxy",
    "ThreadProxySteerable",
    "monitored_queue",
]
