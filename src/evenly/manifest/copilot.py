"""Keys of AWS Copilot's manifests that Evenly lacks or names differently, and what to write here. Data alone."""

_PORT = "A program listens on $PORT, which Evenly sets. Leave the line out; the public port is http.port."
_ALL_PATHS = "Evenly serves every path of its host. Leave the line out."
_OUT = "Leave it out."
_FIXED = "Write count: 4 for a fixed number, or count: {range: 2-8}."

COPILOT: dict[str, str] = {
    "type": "Every service here is load-balanced. Leave the line out.",
    "image": "Write the folder with the code as app.build.",
    "image.build": "Write the folder with the code as app.build, such as app: {build: .}.",
    "image.location": "Evenly runs code from a folder: write it as app.build.",
    "image.port": _PORT,
    "image.healthcheck": "The balancer asks over HTTP: write http.healthcheck.",
    "entrypoint": "Write the whole command as app.command.",
    "command": "Write it as app.command, a list: [program, argument].",
    "http.path": _ALL_PATHS,
    "http.target_port": _PORT,
    "http.target_container": _OUT,
    "http.stickiness": "Every instance serves every request. Leave it out.",
    "http.alb": _OUT,
    "http.allowed_source_ips": _OUT,
    "http.hosted_zone": _OUT,
    "http.version": _OUT,
    "http.additional_rules": _ALL_PATHS,
    "http.healthcheck.port": _PORT,
    "http.healthcheck.success_codes": "200 is the answer of a healthy instance. Leave the line out.",
    "nlb": "The balancer speaks HTTP: write http.",
    "cpu": _OUT,
    "memory": _OUT,
    "platform": _OUT,
    "exec": _OUT,
    "sidecars": _OUT,
    "storage": "Data lives in the database: write database.",
    "env_file": "Write the values under variables.",
    "environments": "This file describes one environment. Write the values at the top.",
    "network": _OUT,
    "observability": _OUT,
    "logging": _OUT,
    "deployment.rolling": "Write deployment.strategy: rolling, blue-green or canary.",
    "deployment.rollback_alarms.cpu_utilization": _OUT,
    "deployment.rollback_alarms.memory_utilization": _OUT,
    "taskdef_overrides": _OUT,
    "publish": _OUT,
    "subscribe": _OUT,
    "count.spot": _FIXED,
    "count.cpu_percentage": "Write it as count.cpu.",
    "count.memory_percentage": _OUT,
}
