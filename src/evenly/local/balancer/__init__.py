"""The balancer of the local target: Envoy, from one frozen value to its files, its command and its admin.

Rendering is pure and deterministic. May touch the balancer's folder and talk to its admin socket; starting
and stopping the process is the supervisor's.
"""

from evenly.local.balancer.command import command, envoy_program, loopback_addresses
from evenly.local.balancer.files import configuration, publish_endpoints, rendered, write_configuration
from evenly.local.balancer.settings import BalancerFiles, BalancerSettings, Endpoint, balancer_settings

__all__ = [
    "BalancerFiles",
    "BalancerSettings",
    "Endpoint",
    "balancer_settings",
    "command",
    "configuration",
    "envoy_program",
    "loopback_addresses",
    "publish_endpoints",
    "rendered",
    "write_configuration",
]
