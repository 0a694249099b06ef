"""Documents as `revecho-compare --json` writes them, with made-up figures that are the same each time."""
import copy
import random
import statistics

TIMES = ("mean_us", "p50_us", "p90_us", "p99_us", "p99_9_us", "p99_99_us", "max_us")
OF_THE_SERVER = ("accept_max_us", "cpu_us", "cpu_user_us", "cpu_system_us", "processor_us", "disturbed", "context_switches", "threads", "peak_memory_bytes",
                 "memory_per_connection_bytes")

CONTESTANTS = [
    {"name": "sync iterative", "command": "revecho-sync-server --model iterative --framing raw --delay 10ms"},
    {"name": "sync pool(10)", "command": "revecho-sync-server --model pool --threads 10 --framing raw --delay 10ms"},
    {"name": "sync threads", "command": "revecho-sync-server --model threads --framing raw --delay 10ms"},
    {"name": "async(1)", "command": "revecho-async-server --threads 1 --framing raw --delay 10ms"},
    {"name": "my proxy", "endpoint": "10.0.0.1:80"},
]


def run(random_, name, clients, work_us, duration=2.0):
    """One run: service of work_us and a bit of CPU, with as many at once as the model allows."""
    cpu = {"sync iterative": 6.1, "sync pool(10)": 7.4, "sync threads": 9.3, "async(1)": 5.2, "my proxy": 8.0}[name]
    at_once = {"sync iterative": 1, "sync pool(10)": 10}.get(name, clients)
    noise = random_.uniform(0.97, 1.03)
    service = (work_us + 20 + cpu) * noise
    rate = min(min(clients, at_once) * 1e6 / service, 1e6 / cpu * noise)
    queue = max(1.0, min(clients, at_once) * 1e6 / service / rate)
    p50 = service * queue
    tail = [1, 1.05, 1.5, 2.2, 5, 9] if name != "sync pool(10)" or clients <= 10 else [1, 1.1, 90, 130, 150, 160]
    p50, p90, p99, p99_9, p99_99, top = (p50 * x * random_.uniform(0.95, 1.05) for x in tail)
    per_connection = {"sync threads": 21_500, "async(1)": 1_180}.get(name, 9_400) * noise
    figures = {
        "rate": rate, "replies": round(rate * duration), "mean_us": p50 * 1.1, "p50_us": p50, "p90_us": p90,
        "p99_us": p99, "p99_9_us": p99_9, "p99_99_us": p99_99, "max_us": top, "unserved": max(0, clients - at_once),
        "censored": max(0, clients - at_once) / (round(rate * duration) + max(0, clients - at_once)),
        "tool_limited": 0, "wrong": 0, "lost": 0, "late": 0, "first_reply_p99_us": p99 * 3,
        "accept_max_us": 4000, "processor_us": cpu * noise * 1.2, "disturbed": 0, "cpu_us": cpu * noise, "cpu_user_us": cpu * noise * 0.3,
        "cpu_system_us": cpu * noise * 0.7, "context_switches": 1.02 * noise if name != "async(1)" else 0.11 * noise,
        "threads": {"sync threads": clients + 3, "sync pool(10)": 12}.get(name, 2),
        "busiest_loop_share": 1.0 if name == "async(1)" else None,
        "busiest_loop_connections": 1.0 if name == "async(1)" else None,
        "peak_memory_bytes": round(4_300_000 + per_connection * clients), "memory_per_connection_bytes": per_connection,
    }
    if name == "my proxy":
        figures.update(dict.fromkeys(OF_THE_SERVER))
    return figures


def summary(runs):
    def of(key):
        values = [one[key] for one in runs]
        if None in values:
            return None
        return {"median": statistics.median(values), "low": min(values), "high": max(values)}
    return {key: of(key) for key in runs[0]}


def scenario(random_, group, clients, work_us, delay, size):
    name = f"{clients} client{'s' if clients > 1 else ''}, {group}"
    results = []
    for who in CONTESTANTS:
        runs = [run(random_, who["name"], clients, work_us) for _ in range(5)]
        results.append({"contestant": who["name"], "failure": None, "summary": summary(runs), "runs": runs})
    rates = {result["contestant"]: result["summary"]["rate"] for result in results}
    best = max(rates, key=lambda one: rates[one]["median"])
    tied = [one for one, rate in rates.items() if rate["high"] >= rates[best]["low"]]
    text = f"{best} was first." if len(tied) == 1 else f"{' and '.join(tied)} were too close to call."
    return {"name": name, "group": group, "clients": clients, "delay": delay, "size": size, "framing": "raw",
            "rate": None, "verdict": {"winner": best if len(tied) == 1 else None, "tied": tied, "text": text},
            "results": results}


def document():
    random_ = random.Random(1)
    scenarios = [scenario(random_, "10 ms of work", clients, 10_000, "10ms", "64B") for clients in (1, 10, 100)]
    scenarios += [scenario(random_, "no work", clients, 0, "0", "64B") for clients in (1, 10, 100)]
    scenarios += [scenario(random_, "no work, 16 KiB", 50, 60, "0", "16KiB")]
    broken = scenarios[1]["results"][0]
    broken.update(failure="revecho-sync-server has ended by itself:\nerror: out of descriptors", runs=[], summary={})
    return {
        "revecho_compare": 1, "ok": True,
        "host": {"kernel": "Linux 6.1.0-18-amd64", "cpu": "AMD EPYC 7B13", "cpus": 2, "memory_bytes": 8_340_000_000,
                 "usable_cpus": 2, "cores": 1, "sockets": 1, "nodes": 1, "smt": True, "governor": "powersave", "boost": True,
                 "preemption": "PREEMPT_DYNAMIC", "virtual": False, "cpu_quota": 1.5, "memory_limit_bytes": None,
                 "load": 0.4, "mitigations": {"spectre_v2": "Mitigation: Retpolines"}},
        "warnings": ["The frequency governor is powersave: choose performance."],
        "build": {"version": "0.1.0", "compiler": "GNU 12.2.0", "type": "Release"},
        "config": {"command": "revecho-compare --clients 1,10,100 --repeat 5 --duration 2s", "repeat": 5,
                   "duration_s": 2.0, "started": "2026-11-21T12:00:00Z", "took_s": 488.1,
                   "server_cpus": [0], "tool_cpus": [1]},
        "verdicts": [
            "When each request waits 10 ms, sync threads and async(1) carry 100 clients equally well, and async(1) "
            "does it with one thread; sync pool(10) leaves 90 of them waiting.",
            "Without work in the requests, async(1) is first with 100 clients and uses the least CPU for a message.",
            "A connection costs sync threads 18 times the memory that it costs async(1).",
        ],
        "contestants": copy.deepcopy(CONTESTANTS),
        "scenarios": scenarios,
        "stories": [{
            "name": "five-requests", "title": "Five requests, one by one and all together",
            "text": "Five requests that cost the server 200 ms each: the sync client asks one after the other, the "
                    "async client all at once.",
            "rows": [{"label": "sync, one by one", "seconds": {"median": 1.005, "low": 1.004, "high": 1.06}},
                     {"label": "async, all together", "seconds": {"median": 0.204, "low": 0.203, "high": 0.21}}],
        }],
    }


def only_foreign():
    """A server that was not started by the program, alone, and no stories."""
    made = document()
    made["contestants"] = [who for who in made["contestants"] if "endpoint" in who]
    for one in made["scenarios"]:
        one["results"] = [result for result in one["results"] if result["contestant"] == "my proxy"]
        one["verdict"] = {"winner": None, "tied": [], "text": "my proxy was alone."}
    del made["stories"]
    return made


def renamed(made, new):
    """The document with other names: new is called with each."""
    keys = {"name", "contestant", "winner", "group", "title", "text", "label", "failure"}

    def walk(value):
        if isinstance(value, dict):
            return {key: new(one) if key in keys and isinstance(one, str) else walk(one) for key, one in value.items()}
        if isinstance(value, list):
            return [new(one) if isinstance(one, str) else walk(one) for one in value]
        return value
    return walk(made)
