"""A stand-in for az, docker and curl: records each call, and answers out of a state.

The test puts TOOL, named after each of them, first in PATH. It hands what it was called with to a
server within the test: a Python program for each of a thousand calls would take a minute.
An option that the real az does not have for a command is an error, as there.
"""

import os
import shutil
import socketserver
import threading

# The tool itself: its arguments go to the server, ended by NUL; back come the exit code, what
# to print, and the errors.
TOOL = f"""#!{shutil.which("bash")}
case "${{0##*/}} ${{1-}} ${{*: -1}}" in
  "docker login "* | curl*/oauth2/exchange) stdin=$(</dev/stdin) ;;
  *) stdin='' ;;
esac
exec 3<>"/dev/tcp/127.0.0.1/$FAKE_PORT"
printf '%s\\0' "$#" "${{0##*/}}" "$stdin" "$@" >&3
IFS= read -r -d '' code <&3
IFS= read -r -d '' out <&3
IFS= read -r -d '' err <&3
printf '%s' "$out"
printf '%s' "$err" >&2
exit "$code"
"""

GLOBAL = {"--output", "--query"}

# Command: the options that deploy may use of it. Those of COMMANDS_THAT_CHANGE below change
# something; all others only ask.
OPTIONS = {
    "account show": set(),
    "provider list": set(),
    "group show": {"--name"},
    "group create": {"--name", "--location", "--tags"},
    "group delete": {"--name", "--yes"},
    "group update": {"--name", "--set"},
    "resource list": {"--resource-group"},
    "resource show": {"--resource-group", "--resource-type", "--name"},
    "acr show": {"--resource-group", "--name"},
    "acr check-name": {"--name"},
    "acr create": {"--resource-group", "--name", "--location", "--sku", "--admin-enabled"},
    "acr login": {"--name"},
    "acr run": {"--resource-group", "--registry", "--file", "--set", "--platform", "--timeout", ""},
    "acr repository list": {"--name"},
    "acr repository show-tags": {"--name", "--repository"},
    "vm list-skus": {"--location", "--resource-type", "--size", "--all"},
    "vm list-usage": {"--location"},
    "vm show": {"--resource-group", "--name"},
    "vm get-instance-view": {"--resource-group", "--name"},
    "vm create": {
        "--resource-group", "--name", "--location", "--size", "--image", "--os-disk-size-gb",
        "--admin-username", "--authentication-type", "--ssh-key-values", "--security-type",
        "--enable-secure-boot", "--enable-vtpm", "--os-disk-security-encryption-type",
        "--public-ip-sku", "--nsg", "--nsg-rule", "--assign-identity", "--tags",
    },
    "vm start": {"--resource-group", "--name"},
    "vm restart": {"--resource-group", "--name"},
    "vm update": {"--resource-group", "--name", "--set"},
    "vm auto-shutdown": {"--resource-group", "--name", "--time", "--off"},
    "vm run-command invoke": {"--resource-group", "--name", "--command-id", "--scripts"},
    "role assignment list": {"--scope", "--role", "--fill-principal-name"},
    "role assignment create": {
        "--assignee-object-id", "--assignee-principal-type", "--role", "--scope",
    },
    "network nsg rule show": {"--resource-group", "--nsg-name", "--name"},
    "network nsg rule create": {
        "--resource-group", "--nsg-name", "--name", "--priority", "--direction", "--access",
        "--protocol", "--source-address-prefixes", "--destination-port-ranges",
    },
}

COMMANDS_THAT_CHANGE = {
    "group create", "group delete", "group update", "acr create", "acr login", "acr run",
    "vm create", "vm start", "vm restart", "vm update", "vm auto-shutdown",
    "vm run-command invoke", "role assignment create", "network nsg rule create",
}

SUBSCRIPTION = "11111111-2222-3333-4444-555555555555"


class Answer(Exception):
    def __init__(self, code, message="", out=""):
        super().__init__(message)
        self.code, self.out = code, out


def need(thing, what):
    if thing is None:
        raise Answer(3, f"(ResourceNotFound) {what} was not found")
    return thing


class Az:
    def __init__(self, state):
        self.state = state

    def group(self, name):
        return need(self.state["groups"].get(name), f"Resource group '{name}'")

    def machine(self, options):
        group = self.group(options["--resource-group"])
        return need(group["machines"].get(options["--name"]), f"Machine '{options['--name']}'")

    def images(self, registry):
        for group in self.state["groups"].values():
            if registry in group["registries"]:
                return group["registries"][registry]["images"]
        raise Answer(1, f"The registry {registry} could not be found")

    # What the commands that ask know, each to the one query that deploy asks it.

    def account_show(self, options):
        if not self.state["login"]:
            raise Answer(1, "ERROR: Please run 'az login' to setup account.")
        return {"[id, name]": [SUBSCRIPTION, self.state["login"]]}

    def provider_list(self, options):
        return {"[?registrationState=='Registered'].namespace": self.state["providers"]}

    def group_show(self, options):
        group = self.group(options["--name"])
        return {"[location, tags.created_by]": [group["location"], group["tags"].get("created_by")]}

    def resource_list(self, options):
        group = self.group(options["--resource-group"])
        rows = [["Microsoft.ContainerRegistry/registries", name] for name in group["registries"]]
        rows += [["Microsoft.Compute/virtualMachines", name] for name in group["machines"]]
        return {"[].[type, name]": rows}

    def resource_show(self, options):
        machine = options["--name"].removeprefix("shutdown-computevm-")
        machines = self.group(options["--resource-group"])["machines"]
        time = need(machines.get(machine, {}).get("shutdown"), "The schedule")
        return {"[properties.dailyRecurrence.time]": [time]}

    def acr_show(self, options):
        registries = self.group(options["--resource-group"])["registries"]
        registry = need(registries.get(options["--name"]), "The registry")
        return {"[location, sku.name]": [registry["location"], registry["sku"]]}

    def acr_check_name(self, options):
        taken = options["--name"] in self.state["taken"]
        return {"[nameAvailable, message]": [not taken, "The registry is already in use." if taken else None]}

    def acr_repository_list(self, options):
        return {None: list(self.images(options["--name"]))}

    def acr_repository_show_tags(self, options):
        return {None: self.images(options["--name"])[options["--repository"]]}

    def vm_list_skus(self, options):
        size = options["--size"]
        sku = self.state["skus"].get(options["--location"], {}).get(size)
        query = f"[?name=='{size}'] | [0].[family, restrictions[?type=='Location'].reasonCode | [0]]"
        return {query: sku and [sku["family"], sku.get("restriction")]}

    def vm_list_usage(self, options):
        return {"[].[name.value, currentValue, limit]": self.state["usage"]}

    def vm_show(self, options):
        machine = self.machine(options)
        return {
            "[hardwareProfile.vmSize, location, securityProfile.securityType, identity.principalId, "
            "tags.nvidia_driver]": [
                machine["--size"], machine["--location"], machine["--security-type"], machine["principal"],
                machine.get("nvidia_driver"),
            ],
            "identity.principalId": machine["principal"],
        }

    def vm_get_instance_view(self, options):
        query = "[instanceView.statuses[?starts_with(code, 'PowerState/')].code | [0]]"
        return {query: ["PowerState/" + self.machine(options)["power"]]}

    def role_assignment_list(self, options):
        principal = options["--query"].removeprefix("[?principalId=='").removesuffix("'].id")
        rows = [
            "/roles/1" for role in self.state["roles"]
            if role["--scope"] == options["--scope"] and role["--assignee-object-id"] == principal
        ]
        return {f"[?principalId=='{principal}'].id": rows}

    def network_nsg_rule_show(self, options):
        group = self.group(options["--resource-group"])
        rule = need(group["rules"].get(options["--nsg-name"]), "The rule")
        return {"[sourceAddressPrefix]": [rule]}

    # The commands that change something.

    def group_create(self, options):
        tags = dict(tag.split("=", 1) for tag in options["--tags"].split())
        self.state["groups"][options["--name"]] = {
            "location": options["--location"], "tags": tags, "registries": {}, "machines": {}, "rules": {},
        }

    def group_update(self, options):
        key, value = options["--set"].removeprefix("tags.").split("=", 1)
        self.group(options["--name"])["tags"][key] = value

    def group_delete(self, options):
        self.group(options["--name"])
        del self.state["groups"][options["--name"]]

    def acr_create(self, options):
        registries = self.group(options["--resource-group"])["registries"]
        registries[options["--name"]] = {
            "location": options["--location"], "sku": options["--sku"], "images": {},
        }

    def acr_login(self, options):
        self.images(options["--name"])
        self.state["docker_login"] = options["--name"]

    def acr_run(self, options):
        if not os.path.isfile(os.path.join(options[""], options["--file"])):
            raise Answer(1, "there is no such task")
        self.push(options["--registry"], "wasm-ml", options["--set"].removeprefix("tag="))

    def push(self, registry, name, tag):
        self.images(registry).setdefault(name, []).append(tag)

    def vm_create(self, options):
        if not os.path.isfile(options["--ssh-key-values"]):
            raise Answer(1, "there is no such key")
        self.group(options["--resource-group"])["machines"][options["--name"]] = {
            **options, "principal": "principal-of-" + options["--name"], "power": "running",
        }

    def vm_start(self, options):
        self.machine(options)["power"] = "running"

    def vm_restart(self, options):
        self.machine(options)["restarted"] = True

    def vm_update(self, options):
        key, value = options["--set"].removeprefix("tags.").split("=", 1)
        self.machine(options)[key] = value

    def vm_auto_shutdown(self, options):
        self.machine(options)["shutdown"] = options["--time"]

    def vm_run_command_invoke(self, options):
        machine = self.machine(options)
        if machine["power"] != "running":
            raise Answer(1, "(OperationNotAllowed) The VM is not running.")
        arguments, script = options["--scripts"]
        path = script.removeprefix("@")
        if not arguments.startswith("set -- ") or not os.path.isfile(path):
            raise Answer(1, "that is no script")
        codes = self.state["scripts"].setdefault(os.path.basename(path), [])
        code = codes.pop(0) if codes else 0
        last = "" if code == "lost" else f"wgh-exit-code: {code}\n"
        return {"value[0].message": f"Enable succeeded: \n[stdout]\nran {arguments}\n{last}\n[stderr]\n"}

    def role_assignment_create(self, options):
        if not options["--assignee-object-id"].startswith("principal-of-"):
            raise Answer(1, "Cannot find the principal")
        self.state["roles"].append(options)

    def network_nsg_rule_create(self, options):
        group = self.group(options["--resource-group"])
        group["rules"][options["--nsg-name"]] = options["--source-address-prefixes"]


def parse(argv):
    command = next((" ".join(argv[:n]) for n in (4, 3, 2) if " ".join(argv[:n]) in OPTIONS), None)
    if command is None:
        raise Answer(2, f"fake az: '{' '.join(argv)}' is not a command that it knows")
    rest = argv[len(command.split()):]
    options = {}
    while rest:
        name = rest.pop(0) if rest[0].startswith("--") else ""
        if name not in OPTIONS[command] | GLOBAL or name in options:
            raise Answer(2, f"fake az: unrecognized arguments for {command}: {name or rest[0]}")
        values = []
        while rest and not rest[0].startswith("--"):
            values.append(rest.pop(0))
            if command == "acr run":
                break
        options[name] = values if name == "--scripts" else " ".join(values)
    return command, options


def as_tsv(value):
    """What az writes of it: a list's items, one a line; a list in a list, tabs between."""
    if value is None:
        return ""
    rows = [item if isinstance(item, list) else [item] for item in (value if isinstance(value, list) else [value])]
    text = [[str(cell).lower() if isinstance(cell, bool) else str(cell) for cell in row] for row in rows]
    return "".join("\t".join(row) + "\n" for row in text)


def az(state, argv, stdin):
    command, options = parse(argv)
    failing = state["failing"].get(command)
    if failing:
        raise Answer(failing, f"ERROR: (Conflict) {command} did not work")
    answers = getattr(Az(state), command.replace(" ", "_").replace("-", "_"))(options)
    if options.get("--output") != "tsv":
        return ""
    if options.get("--query") not in answers:
        raise Answer(1, f"fake az: no answer to the query {options.get('--query')!r} of {command}")
    return as_tsv(answers[options.get("--query")])


def docker(state, argv, stdin):
    if argv[0] == "version" and not state["docker"]:
        raise Answer(1, "Cannot connect to the Docker daemon")
    if argv[0] == "build":
        path = argv[argv.index("--file") + 1]
        if not os.path.isfile(path):
            raise Answer(1, f"there is no {path}")
        state["local_images"].append(argv[argv.index("--tag") + 1])
    if argv[0] == "tag":
        if argv[1] not in state["local_images"]:
            raise Answer(1, f"No such image: {argv[1]}")
        state["local_images"].append(argv[2])
    if argv[0] == "push":
        registry, image = argv[1].split("/")
        registry = registry.removesuffix(".azurecr.io")
        if argv[1] not in state["local_images"] or state.get("docker_login") != registry:
            raise Answer(1, "denied: requested access to the resource is denied")
        Az(state).push(registry, *image.split(":"))
    if argv[0] == "login" and not stdin:
        raise Answer(1, "Error: password is empty")
    if argv[0] == "run":
        raise Answer(state["container"], out="ran\n")
    return ""


def curl(state, argv, stdin):
    if argv[-1].endswith("/oauth2/exchange"):
        return '{"refresh_token": "token-of-the-registry"}'
    return '{"access_token": "token-of-the-machine"}'


class Fake:
    """The server. `state` is what there is in this Azure, `calls` who called what."""

    def __init__(self):
        self.state = {}
        self.calls = []
        self.lock = threading.Lock()
        fake = self

        class Handler(socketserver.StreamRequestHandler):
            def handle(self):
                with self.request.makefile("rwb") as file:
                    fields = []
                    while len(fields) < 3 or len(fields) < 3 + int(fields[0]):
                        fields.append(read_field(file))
                    file.write("".join(f"{part}\0" for part in fake.answer(fields[1], fields[3:], fields[2])).encode())

        self.server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()

    def answer(self, tool, argv, stdin):
        with self.lock:
            changes = tool == "docker" and argv[0] in ("build", "tag", "push")
            if tool == "az":
                changes = any(" ".join(argv[:n]) in COMMANDS_THAT_CHANGE for n in (2, 3, 4))
            self.calls.append({"tool": tool, "argv": argv, "stdin": stdin, "changes": changes})
            try:
                return 0, {"az": az, "docker": docker, "curl": curl}[tool](self.state, argv, stdin), ""
            except Answer as answer:
                return answer.code, answer.out, f"{answer}\n" if str(answer) else ""


def read_field(file):
    field = b""
    while not field.endswith(b"\0"):
        byte = file.read(1)
        if not byte:
            raise EOFError
        field += byte
    return field[:-1].decode()
