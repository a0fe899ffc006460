"""deploy/azure/deploy against a fake az: what it asks, what it changes, and what it says.

    python3 -m unittest discover -s tests/deploy -p '*_test.py'

Nothing is installed, and Azure is not reached.
"""

import copy
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import fake_az  # noqa: E402

HERE = pathlib.Path(__file__).resolve().parent
DEPLOY = HERE.parent.parent / "deploy" / "azure"
TOOLS = ("bash", "cat", "cut", "dirname", "env", "grep", "mktemp", "python3", "rm", "sed", "sh", "tail")

PLAIN = "Standard_NC40ads_H100_v5"
CONFIDENTIAL = "Standard_NCC40ads_H100_v5"
SETTINGS = {"WGH_AZURE_GROUP": "forest", "WGH_AZURE_LOCATION": "westeurope", "WGH_AZURE_REGISTRY": "forestregistry"}
IMAGE = "forestregistry.azurecr.io/wasm-ml:latest"

EMPTY = {
    "login": "Trial of forests",
    "providers": ["Microsoft.Compute", "Microsoft.Network", "Microsoft.ContainerRegistry", "Microsoft.DevTestLab"],
    "groups": {},
    "taken": [],
    "skus": {
        "westeurope": {
            PLAIN: {"family": "standardNCADSH100v5Family"},
            CONFIDENTIAL: {"family": "standardNCCads2023Family"},
        }
    },
    "usage": [
        ["cores", 4, 100], ["StandardNCadsH100v5Family", 0, 40], ["StandardNCCads2023Family", 0, 40],
    ],
    "roles": [],
    "scripts": {},
    "failing": {},
    "docker": True,
    "local_images": [],
    "container": 0,
}

EVERYTHING = [
    "group create", "acr create", "docker build", "acr login", "docker tag", "docker push", "vm create",
    "vm auto-shutdown", "role assignment create", "vm run-command invoke", "vm update", "vm run-command invoke",
    "vm run-command invoke",
]


fake = None
deployed = None  # the fake's state after `all --apply`


def setUpModule():
    global fake
    fake = fake_az.Fake()
    unittest.addModuleCleanup(fake.close)


def write_tool(path, text):
    path.write_text(text, encoding="utf-8")
    path.chmod(0o755)


class Run:
    def __init__(self, process, calls):
        self.code, self.out, self.err = process.returncode, process.stdout, process.stderr
        self.calls = calls

    def changes(self):
        return [call["argv"] for call in self.calls if call["changes"]]


def names(calls):
    """Which commands these are: the words before the first option."""
    result = []
    for argv in calls:
        words = argv[: next((n for n, word in enumerate(argv) if word.startswith("-")), len(argv))]
        result.append("docker " + words[0] if words[0] in ("build", "tag", "push") else " ".join(words))
    return result


def option(argv, name):
    return argv[argv.index(name) + 1]


class DeployTest(unittest.TestCase):
    def setUp(self):
        # A path that a shell takes apart unless all of it is quoted.
        self.root = pathlib.Path(tempfile.mkdtemp(prefix="it's a $test "))
        self.addCleanup(shutil.rmtree, self.root)
        self.repository = self.root / "the repository"
        self.home = self.root / "home"
        self.bin = self.root / "bin"
        shutil.copytree(DEPLOY, self.repository / "deploy" / "azure", ignore=shutil.ignore_patterns("settings.env"))
        (self.repository / "docker").mkdir()
        (self.repository / "docker" / "Dockerfile.wasm").touch()
        (self.home / ".ssh").mkdir(parents=True)
        (self.home / ".ssh" / "id_rsa.pub").write_text("ssh-rsa AAAA person@machine\n", encoding="utf-8")
        self.bin.mkdir()
        for tool in TOOLS:
            (self.bin / tool).symlink_to(sys.executable if tool == "python3" else shutil.which(tool))
        for tool in ("az", "docker", "curl"):
            write_tool(self.bin / tool, fake_az.TOOL)
        fake.state = copy.deepcopy(EMPTY)

    @property
    def state(self):
        return fake.state

    def start_deployed(self):
        """As after `deploy all --apply`."""
        global deployed
        if deployed is None:
            self.apply("all")
            deployed = copy.deepcopy(fake.state)
        fake.state = copy.deepcopy(deployed)

    def run_command(self, command, settings):
        fake.calls = []
        environment = {
            "PATH": str(self.bin), "HOME": str(self.home), "TMPDIR": str(self.root), "LC_ALL": "C.UTF-8",
            "FAKE_PORT": str(fake.port), **settings,
        }
        process = subprocess.run(
            command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, cwd=self.root,
            check=False, timeout=60,
        )
        return Run(process, fake.calls)

    def deploy(self, *arguments, settings=None):
        program = str(self.repository / "deploy" / "azure" / "deploy")
        return self.run_command([program, *arguments], SETTINGS if settings is None else settings)

    def apply(self, *arguments, settings=None):
        result = self.deploy(*arguments, "--apply", settings=settings)
        self.assertEqual(result.code, 0, result.err)
        return result

    def refused(self, result, *texts, code=1):
        """It said what is missing and how to get it, and changed nothing."""
        self.assertEqual(result.code, code, result.out + result.err)
        for text in texts:
            self.assertIn(text, result.err)
        self.assertEqual(result.changes(), [])


class Steps(DeployTest):
    def test_dry_run_changes_nothing(self):
        result = self.deploy("all")
        self.assertEqual(result.code, 0, result.err)
        self.assertEqual(result.changes(), [])
        self.assertEqual(self.state, EMPTY)
        for text in ("az group create", "az acr create", "docker push", "az vm create", "doctor", "dry run"):
            self.assertIn(text, result.out)

    def test_apply_makes_everything_in_order_and_again_nothing(self):
        first = self.apply("all")
        self.assertEqual(names(first.changes()), EVERYTHING)
        self.assertNotRegex(json.dumps(first.changes()).lower(), "password|secret|admin-enabled.{4}true")
        self.assertIn("wasmtime-gpu-host doctor", first.out)
        self.assertIn("az vm deallocate", first.out)
        (role,) = self.state["roles"]
        self.assertEqual((role["--assignee-object-id"], role["--role"]), ("principal-of-wasm-ml-h100", "AcrPull"))
        self.assertTrue(role["--scope"].endswith(
            "/resourceGroups/forest/providers/Microsoft.ContainerRegistry/registries/forestregistry"))
        made = copy.deepcopy(self.state)

        second = self.apply("all")
        self.assertEqual(names(second.changes()), ["vm run-command invoke"] * 2)  # doctor and demo
        self.assertEqual(self.state, made)
        self.assertEqual(second.out.count("is there"), 7)

    def test_what_a_dry_run_prints_can_be_pasted(self):
        key = self.home / "a key's file.pub"
        key.write_text("ssh-ed25519 AAAA person@machine\n", encoding="utf-8")
        arguments = ("all", "--ssh-key", str(key), "--ssh-from", "203.0.113.7", "--data", "/srv/the \"data\" & more",
                     "--", "wasmtime-gpu-host", "-d", "it's data", "$module")
        dry = self.deploy(*arguments)
        self.assertEqual(dry.code, 0, dry.err)
        lines = [line for line in dry.out.splitlines() if re.match("  (az|env|docker) ", line)]
        pasted = self.run_command(["bash", "-ec", "\n".join(lines)], {})
        self.assertEqual(pasted.code, 0, pasted.err)
        state, fake.state = fake.state, copy.deepcopy(EMPTY)

        applied = self.deploy("all", "--apply", *arguments[1:])
        self.assertEqual(applied.code, 0, applied.err)
        self.assertEqual(pasted.changes(), applied.changes())
        self.assertEqual(state, self.state)

        create = applied.changes()[names(applied.changes()).index("vm create")]
        self.assertEqual(option(create, "--ssh-key-values"), str(key))
        demo = option(applied.changes()[-1], "--scripts")
        shell = self.run_command(["sh", "-c", demo + '\nfor word; do echo "$word"; done'], {})
        self.assertEqual(shell.out.splitlines(), [
            IMAGE, "/srv/the \"data\" & more", "wasmtime-gpu-host", "-d", "it's data", "$module"])

    def test_steps_one_by_one(self):
        self.assertEqual(self.deploy("check").code, 0)
        for step, made in (
            ("group", EVERYTHING[:1]), ("registry", EVERYTHING[1:2]), ("image", EVERYTHING[2:6]),
            ("machine", EVERYTHING[6:9]), ("drivers", EVERYTHING[9:11]), ("run", EVERYTHING[11:]),
        ):
            with self.subTest(step):
                dry = self.deploy(step)
                self.assertEqual((dry.code, dry.changes()), (0, []), dry.err)
                self.assertEqual(names(self.apply(step).changes()), made)

    def test_a_step_whose_predecessor_is_missing(self):
        self.refused(self.deploy("registry", "--apply"), "there is no group", "group --apply")
        self.refused(self.deploy("drivers", "--apply"), "there is no machine", "machine --apply")
        self.apply("group")
        self.apply("registry")
        self.refused(self.deploy("run", "--apply"), "there is no image", "image --apply")
        self.apply("image")
        self.apply("machine")
        self.refused(self.deploy("run", "--apply"), "no drivers yet", "drivers --apply")

    def test_plain_machine(self):
        create = self.apply("all").changes()[6]
        self.assertEqual(option(create, "--size"), PLAIN)
        self.assertEqual(option(create, "--security-type"), "TrustedLaunch")
        self.assertEqual(option(create, "--image"), "Canonical:ubuntu-24_04-lts:server:latest")
        self.assertEqual(option(create, "--enable-secure-boot"), "true")
        self.assertEqual(option(create, "--nsg-rule"), "NONE")
        self.assertEqual(option(create, "--authentication-type"), "ssh")
        self.assertEqual(option(create, "--assign-identity"), "[system]")
        self.assertNotIn("--os-disk-security-encryption-type", create)
        self.assertEqual(self.state["groups"]["forest"]["rules"], {})
        self.assertEqual(self.state["groups"]["forest"]["machines"]["wasm-ml-h100"]["shutdown"], "1900")

    def test_confidential_machine(self):
        changes = self.apply("all", "--size", CONFIDENTIAL).changes()
        create = changes[6]
        self.assertEqual(option(create, "--size"), CONFIDENTIAL)
        self.assertEqual(option(create, "--security-type"), "ConfidentialVM")
        self.assertEqual(option(create, "--image"), "Canonical:ubuntu-24_04-lts:cvm:latest")
        self.assertEqual(option(create, "--os-disk-security-encryption-type"), "DiskWithVMGuestState")
        self.assertEqual(option(create, "--enable-secure-boot"), "true")
        self.assertEqual(option(create, "--enable-vtpm"), "true")
        self.assertEqual(option(changes[9], "--scripts"), "set -- 580 ConfidentialVM")

    def test_cloud_build_needs_no_docker(self):
        (self.bin / "docker").unlink()
        result = self.apply("all", "--cloud-build")
        self.assertEqual(names(result.changes())[2], "acr run")
        self.assertEqual([call for call in result.calls if call["tool"] == "docker"], [])
        self.assertEqual(self.state["groups"]["forest"]["registries"]["forestregistry"]["images"], {"wasm-ml": ["latest"]})

    def test_rebuild_and_another_tag(self):
        self.start_deployed()
        self.assertEqual(names(self.apply("image").changes()), [])
        self.assertEqual(names(self.apply("image", "--rebuild").changes()), EVERYTHING[2:6])
        self.assertEqual(names(self.apply("image", "--tag", "v2").changes()), EVERYTHING[2:6])

    def test_ssh_is_closed_and_opens_for_one_address(self):
        self.start_deployed()
        opened = self.apply("machine", "--ssh-from", "203.0.113.7")
        self.assertEqual(names(opened.changes()), ["network nsg rule create"])
        self.assertEqual(option(opened.changes()[0], "--source-address-prefixes"), "203.0.113.7")
        self.assertEqual(self.apply("machine", "--ssh-from", "203.0.113.7").changes(), [])
        self.refused(self.deploy("machine", "--apply", "--ssh-from", "203.0.113.8"), "203.0.113.7", "rule update")
        self.refused(self.deploy("machine", "--apply"), "closed", "rule delete")

    def test_stopped_machine_is_started(self):
        self.start_deployed()
        self.state["groups"]["forest"]["machines"]["wasm-ml-h100"]["power"] = "deallocated"
        self.assertIn("(costs only its disk", self.deploy("status").out)
        self.assertEqual(names(self.apply("run").changes()), ["vm start", *EVERYTHING[11:]])

    def test_drivers_that_need_a_newer_kernel(self):
        self.state["scripts"] = {"drivers.sh": [10, 0]}
        self.apply("all")
        machine = self.state["groups"]["forest"]["machines"]["wasm-ml-h100"]
        self.assertTrue(machine["restarted"])
        self.assertEqual(machine["nvidia_driver"], "580")

    def test_status(self):
        self.assertIn("there is no group", self.deploy("status").out)
        self.start_deployed()
        result = self.deploy("status")
        self.assertEqual((result.code, result.changes()), (0, []))
        for text in (IMAGE, PLAIN, "running", "1900 UTC", "ssh        closed", "driver     580"):
            self.assertIn(text, result.out)


class Missing(DeployTest):
    def test_no_az(self):
        (self.bin / "az").unlink()
        self.refused(self.deploy("all", "--apply"), "missing: az", "InstallAzureCLIDeb")

    def test_no_login(self):
        self.state["login"] = None
        for step in ("check", "all", "group", "run", "down"):
            with self.subTest(step):
                self.refused(self.deploy(step, "--apply"), "missing: a login", "mend: az login")

    def test_another_subscription(self):
        settings = {**SETTINGS, "WGH_AZURE_SUBSCRIPTION": "The other one"}
        self.refused(self.deploy("all", "--apply", settings=settings),
                     "missing: the subscription 'The other one'", "az account set --subscription 'The other one'")
        settings["WGH_AZURE_SUBSCRIPTION"] = "Trial of forests"
        self.assertEqual(self.deploy("check", settings=settings).code, 0)

    def test_no_provider(self):
        self.state["providers"].remove("Microsoft.DevTestLab")
        self.refused(self.deploy("all", "--apply"), "Microsoft.DevTestLab",
                     "az provider register --namespace Microsoft.DevTestLab --wait")

    def test_no_quota(self):
        self.state["usage"][1][2] = 0
        self.refused(self.deploy("all", "--apply"), "StandardNCadsH100v5Family", "0 of 0 are in use", "az quota update",
                     "--limit-object value=40")
        self.state["usage"] = [["cores", 80, 100], ["StandardNCadsH100v5Family", 40, 80]]
        self.refused(self.deploy("all", "--apply"), "'cores'", "--limit-object value=120")
        self.state["usage"] = [["cores", 0, 100]]
        self.refused(self.deploy("all", "--apply"), "standardNCADSH100v5Family")

    def test_size_not_there(self):
        settings = {**SETTINGS, "WGH_AZURE_LOCATION": "northpole"}
        self.refused(self.deploy("all", "--apply", settings=settings), f"the size {PLAIN} in northpole", "az vm list-skus")
        self.state["skus"]["westeurope"][PLAIN]["restriction"] = "NotAvailableForSubscription"
        self.refused(self.deploy("all", "--apply"), "NotAvailableForSubscription", "az vm list-skus")

    def test_no_image_to_build(self):
        (self.repository / "docker" / "Dockerfile.wasm").unlink()
        self.refused(self.deploy("all", "--apply"), "Dockerfile.wasm", IMAGE, "git -C")

    def test_image_in_the_registry_needs_no_docker(self):
        self.start_deployed()
        (self.repository / "docker" / "Dockerfile.wasm").unlink()
        (self.bin / "docker").unlink()
        self.apply("all")
        self.refused(self.deploy("image", "--apply", "--rebuild"), "Dockerfile.wasm", "--cloud-build")

    def test_no_docker(self):
        self.state["docker"] = False
        self.refused(self.deploy("all", "--apply"), "docker's daemon", "systemctl start docker")
        (self.bin / "docker").unlink()
        self.refused(self.deploy("all", "--apply"), "missing: docker", "--cloud-build")

    def test_registry_of_somebody_else(self):
        self.state["taken"] = ["forestregistry"]
        self.refused(self.deploy("all", "--apply"), "'forestregistry'", "already in use", "--registry ANOTHER-NAME")

    def test_no_ssh_key(self):
        key = self.home / ".ssh" / "id_rsa.pub"
        key.unlink()
        self.refused(self.deploy("all", "--apply"), str(key), "ssh-keygen -t rsa")
        key.write_text("-----BEGIN OPENSSH PRIVATE KEY-----\n", encoding="utf-8")
        self.refused(self.deploy("all", "--apply"), "holds something else", "ssh-keygen -y")

    def test_all_that_is_missing_is_said_at_once(self):
        self.state["docker"] = False
        self.state["usage"][1][2] = 0
        self.state["providers"] = []
        (self.home / ".ssh" / "id_rsa.pub").unlink()
        self.refused(self.deploy("all", "--apply"), "docker's daemon", "quota", "ssh-keygen", "Microsoft.Compute",
                     "7 missing; nothing was changed")


class Usage(DeployTest):
    def test_settings_without_a_value(self):
        result = self.deploy("all", "--apply", settings={"WGH_AZURE_GROUP": "forest"})
        self.refused(result, "missing: the setting location", "WGH_AZURE_REGISTRY=VALUE", "--location VALUE", code=2)
        self.assertEqual(result.calls, [])
        self.refused(self.deploy("all", "--tag", ""), "--tag is empty", code=2)
        self.refused(self.deploy("all", settings={**SETTINGS, "WGH_AZURE_GROUP": ""}),
                     "the environment variable WGH_AZURE_GROUP is empty", code=2)

    def test_values_of_the_wrong_form(self):
        for name, value in (
            ("group", "a/b"), ("group", "ends."), ("location", "West Europe"), ("registry", "abcd"),
            ("registry", "with-dash"), ("registry", "Upper12"), ("registry-sku", "Best"), ("tag", "a b"), ("machine", "-x"),
            ("machine", "under_score"), ("size", "Standard_D2s_v3"), ("vm-image", "Ubuntu"), ("os-disk-gb", "big"),
            ("admin", "Root"), ("ssh-from", "*"), ("ssh-from", "0.0.0.0/0"), ("ssh-from", "Internet"),
            ("shutdown", "2400"), ("driver", "latest"), ("data", "relative"),
        ):
            with self.subTest(name=name, value=value):
                self.refused(self.deploy("all", "--apply", f"--{name}", value), f"--{name}: '{value}' is not", code=2)
        self.refused(self.deploy("all", "--data", "/a:b"), "colon", code=2)

    def test_command_line(self):
        self.refused(self.deploy(), "no step was named", code=2)
        self.refused(self.deploy("upgrade"), "there is no step 'upgrade'", code=2)
        self.refused(self.deploy("group", "image"), "'group' or 'image'", code=2)
        self.refused(self.deploy("all", "--colour", "red"), "no option --colour", code=2)
        self.refused(self.deploy("all", "--ssh_key", "x"), "no option --ssh_key", code=2)
        self.refused(self.deploy("all", "--group"), "--group needs a value", code=2)
        self.refused(self.deploy("run", "--"), "no command after --", code=2)
        self.assertIn("--cloud-build", self.deploy("--help").out)

    def test_option_before_environment_before_file(self):
        file = self.repository / "deploy" / "azure" / "settings.env"
        file.write_text(
            "# mine\n\nWGH_AZURE_GROUP=of-the-file\nWGH_AZURE_LOCATION=westeurope\r\n"
            "WGH_AZURE_REGISTRY=ofthefile\nWGH_AZURE_TAG=v7", encoding="utf-8")
        result = self.deploy("all", "--group", "of-the-option", settings={"WGH_AZURE_REGISTRY": "oftheenvironment"})
        self.assertEqual(result.code, 0, result.err)
        self.assertIn("az group create --name of-the-option --location westeurope ", result.out)
        self.assertIn("docker push oftheenvironment.azurecr.io/wasm-ml:v7\n", result.out)

    def test_settings_file(self):
        file = self.root / "my settings"
        for line, text in (
            ("WGH_AZURE_COLOR=red", "line 1: 'WGH_AZURE_COLOR=red' is no setting"),
            ("GROUP=x", "is no setting"), ("WGH_AZURE_GROUP", "is no setting"),
            ("WGH_AZURE_GROUP=", "is empty"), ("WGH_AZURE_GROUP='x'", "line 1): ''x'' is not"),
        ):
            with self.subTest(line):
                file.write_text(line + "\nWGH_AZURE_LOCATION=a\nWGH_AZURE_REGISTRY=abcde\n", encoding="utf-8")
                self.refused(self.deploy("all", "--settings", str(file), settings={}), text, code=2)
        self.refused(self.deploy("all", "--settings", "nowhere"), "nowhere cannot be read", code=2)

    def test_the_example_lists_every_setting(self):
        example = (DEPLOY / "settings.env.example").read_text(encoding="utf-8")
        file = self.repository / "deploy" / "azure" / "settings.env"
        example = example.replace("SUBSCRIPTION=0", "SUBSCRIPTION=" + "1" * 8 + "-2222-3333-4444-555555555555\n#0")
        file.write_text(re.sub("^#WGH", "WGH", example, flags=re.M), encoding="utf-8")
        result = self.deploy("all", "--ssh-key", str(self.home / ".ssh" / "id_rsa.pub"), settings={})
        self.assertEqual(result.code, 0, result.err)


class There(DeployTest):
    """Something is there already, but not as wanted."""

    def test_group_elsewhere_or_of_somebody_else(self):
        self.start_deployed()
        self.refused(self.deploy("group", "--apply", "--location", "eastus2"), "location of forest", "'westeurope'", "mend:")
        self.state["groups"]["forest"]["tags"] = {"team": "forestry"}
        self.refused(self.deploy("all", "--apply"), "forest was not made by this program", "--group ANOTHER-NAME",
                     "az group update --name forest --set tags.created_by=wasmtime-gpu-host")

    def test_others(self):
        self.start_deployed()
        for arguments, texts in (
            (("registry", "--registry-sku", "Basic"), ("SKU of forestregistry is 'Premium'", "az acr update", "--sku Basic")),
            (("machine", "--size", CONFIDENTIAL), (f"size of wasm-ml-h100 is '{PLAIN}'", "--machine ANOTHER-NAME")),
            (("machine", "--shutdown", "2200"), ("daily stop of wasm-ml-h100 is '1900'", "--time 2200")),
            (("machine", "--shutdown", "none"), ("daily stop", "--off")),
            (("drivers", "--driver", "570"), ("driver on wasm-ml-h100 is '580'", "--driver 580")),
        ):
            with self.subTest(arguments):
                self.refused(self.deploy(*arguments, "--apply"), *texts)

    def test_without_a_daily_stop(self):
        result = self.apply("all", "--shutdown", "none")
        self.assertNotIn("vm auto-shutdown", names(result.changes()))
        self.assertIn("never by itself", self.deploy("status").out)


class Failing(DeployTest):
    def test_a_call_fails_and_the_next_run_goes_on(self):
        for step, command in (("group", "group create"), ("image", "acr login"), ("machine", "role assignment create")):
            with self.subTest(command):
                fake.state = copy.deepcopy(EMPTY)
                self.state["failing"] = {command: 1}
                failed = self.deploy("all", "--apply")
                self.assertEqual(failed.code, 1)
                self.assertIn(f"step {step}: exit code 1 from: az {command}", failed.err)
                self.assertIn("the same command again goes on from here", failed.err)
                done = EVERYTHING.index(command)
                self.assertEqual(names(failed.changes()), EVERYTHING[: done + 1])
                self.state["failing"] = {}
                again = done - 1 if command == "acr login" else done  # the build, which costs nothing, is done again
                self.assertEqual(names(self.apply("all").changes()), EVERYTHING[again:])

    def test_a_query_fails(self):
        self.state["failing"] = {"provider list": 1}
        self.refused(self.deploy("all", "--apply"), "(Conflict)", "exit code 1 from: az provider list")

    def test_a_script_on_the_machine_fails(self):
        for code, text in ((3, "drivers.sh ended with exit code 3"), ("lost", "drivers.sh did not come to its end")):
            with self.subTest(code):
                fake.state = copy.deepcopy(EMPTY)
                self.state["scripts"] = {"drivers.sh": [code]}
                failed = self.deploy("all", "--apply")
                self.assertEqual(failed.code, 1)
                self.assertIn(text, failed.err)
                self.assertIn("goes on running, and costs", failed.err)
                self.assertEqual(names(self.apply("all").changes()), EVERYTHING[9:])

    def test_doctor_finds_a_fault(self):
        self.start_deployed()
        self.state["scripts"] = {"run.sh": [1]}
        failed = self.deploy("run", "--apply")
        self.assertEqual(failed.code, 1)
        self.assertIn("step run: on wasm-ml-h100: 'wasmtime-gpu-host doctor' ended with exit code 1.", failed.err)
        self.assertEqual(names(failed.changes()), EVERYTHING[-2:])  # the demo ran all the same


class Down(DeployTest):
    def test_needs_the_name_once_more(self):
        self.start_deployed()
        made = copy.deepcopy(self.state)
        dry = self.deploy("down")
        self.assertEqual((dry.code, dry.changes()), (0, []))
        self.assertIn("Microsoft.Compute/virtualMachines wasm-ml-h100", dry.out)
        self.assertIn("az group delete --name forest --yes", dry.out)
        self.refused(self.deploy("down", "--apply"), "--apply --yes forest", code=2)
        self.refused(self.deploy("down", "--apply", "--yes", "desert"), "--yes forest", code=2)
        self.assertEqual(self.state, made)
        self.assertEqual(names(self.apply("down", "--yes", "forest").changes()), ["group delete"])
        self.assertEqual(self.state["groups"], {})
        self.assertEqual(self.apply("down", "--yes", "forest").changes(), [])

    def test_leaves_a_foreign_group_alone(self):
        self.apply("group")
        self.state["groups"]["forest"]["tags"] = {}
        self.refused(self.deploy("down", "--apply", "--yes", "forest"), "was not made by this program", "az group delete")


class OnTheMachine(DeployTest):
    def run_script(self, *arguments):
        script = self.repository / "deploy" / "azure" / "machine" / "run.sh"
        return self.run_command(["sh", str(script), *arguments], {})

    def test_container(self):
        data = self.root / "the data"
        data.mkdir()
        result = self.run_script(IMAGE, str(data), "wasmtime-gpu-host", "-d", "it's")
        self.assertEqual(result.out.splitlines(), ["ran", "wgh-exit-code: 0"], result.err)
        container = [call["argv"] for call in result.calls if call["argv"][0] == "run"]
        self.assertEqual(container, [[
            "run", "--rm", "--runtime=nvidia", "--gpus", "all", "-e", "NVIDIA_DRIVER_CAPABILITIES=compute,utility,graphics",
            "--volume", f"{data}:/data:ro", IMAGE, "wasmtime-gpu-host", "-d", "it's"]])

    def test_tokens_are_no_arguments(self):
        result = self.run_script(IMAGE, "", "true")
        sent = [call["stdin"] for call in result.calls if call["stdin"]]
        self.assertEqual(sent, ["token-of-the-machine", "token-of-the-registry"])
        self.assertNotIn("token-of", json.dumps([call["argv"] for call in result.calls]))
        self.assertEqual([path.name for path in self.root.glob("tmp.*")], [])

    def test_failures(self):
        result = self.run_script(IMAGE, "/no/such/folder", "true")
        self.assertEqual((result.code, result.calls), (1, []))
        self.assertIn("there is no folder /no/such/folder", result.out)
        self.assertIn("wgh-exit-code: 1", result.out)
        self.state["container"] = 7
        self.assertEqual(self.run_script(IMAGE, "", "true").out.splitlines(), ["ran", "wgh-exit-code: 7"])
        (self.bin / "curl").unlink()
        write_tool(self.bin / "curl", "#!/bin/sh\nexit 22\n")
        result = self.run_script(IMAGE, "", "true")
        self.assertEqual(result.code, 1)
        self.assertIn("AcrPull", result.out)


class PowerShell(DeployTest):
    """deploy.ps1 cannot be run here: at least it names the same commands, options and settings."""

    def test_same_calls(self):
        text = (DEPLOY / "deploy.ps1").read_text(encoding="utf-8")
        ssh = ("--ssh-from", "203.0.113.7")
        calls = self.apply("all", *ssh).calls + self.apply("all", *ssh).calls
        calls += self.apply("down", "--yes", "forest").calls
        for call in calls:
            words = call["argv"]
            command = re.split(r" (?=-)", " ".join(words))[0] if call["tool"] == "az" else words[0]
            with self.subTest(command):
                self.assertIn(f"{call['tool']} {command}" if call["tool"] == "docker" else command, text.replace("', '", " "))
                for word in words:
                    if re.fullmatch("--[a-z-]+", word):
                        self.assertIn(word, text)

    def test_same_settings(self):
        text = (DEPLOY / "deploy.ps1").read_text(encoding="utf-8")
        for name in re.findall("WGH_AZURE_([A-Z_]+)=", (DEPLOY / "settings.env.example").read_text(encoding="utf-8")):
            self.assertIn(name.lower(), text)
        self.assertIn("has not been run", text)


if __name__ == "__main__":
    unittest.main()
