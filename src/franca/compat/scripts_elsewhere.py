"""Actions on scripts that run in a container, on another machine, or many times (script engine, section 15)."""

from __future__ import annotations

from franca.compat.automation import Automation
from franca.compat.results import Result
from franca.compat.script_inputs import inputs_of
from franca.model.light import Any


class ScriptsElsewhere(Automation):
    def docker(self, i: dict[str, Any]) -> Result:
        """docker script "TAGS" [--docker_dry_run] [--docker_os=..] [--docker_KEY=..]: run a script in a container."""
        from franca.compat import container_actions as containers

        return containers.run(self.cmind, i, inputs_of(i), containers.DOCKER)

    docker_run = docker

    def dockerfile(self, i: dict[str, Any]) -> Result:
        """dockerfile script "TAGS" [--docker_path=DIR]: write the Dockerfile in which a script runs."""
        from franca.compat import container_actions as containers

        return containers.write(self.cmind, i, inputs_of(i), containers.DOCKER)

    def apptainer(self, i: dict[str, Any]) -> Result:
        """apptainer script "TAGS" [--apptainer_dry_run] [--apptainer_KEY=..]: run a script with Apptainer."""
        from franca.compat import container_actions as containers

        return containers.run(self.cmind, i, inputs_of(i), containers.APPTAINER)

    apptainer_run = apptainer

    def apptainerfile(self, i: dict[str, Any]) -> Result:
        """apptainerfile script "TAGS" [--apptainer_path=DIR]: write the definition of the image of a script."""
        from franca.compat import container_actions as containers

        return containers.write(self.cmind, i, inputs_of(i), containers.APPTAINER)

    def experiment(self, i: dict[str, Any]) -> Result:
        """experiment script "TAGS" --exp.INPUT,=1,2 [--exp_tags=..]: run a script for each value, keep results."""
        from franca.compat import experiment_actions

        return experiment_actions.run(self.cmind, i, inputs_of(i))

    def remote_run(self, i: dict[str, Any]) -> Result:
        """remote-run script "TAGS" --remote_host=H [--remote_user=U] [--remote_dry_run]: run a script over ssh."""
        return self._elsewhere(i, "remote", "run")

    def remote_docker(self, i: dict[str, Any]) -> Result:
        """remote-docker script "TAGS" --remote_host=H [--docker_KEY=..]: run a script in a container over ssh."""
        return self._elsewhere(i, "remote", "docker")

    def remote_experiment(self, i: dict[str, Any]) -> Result:
        """remote-experiment script "TAGS" --remote_host=H --exp.INPUT,=1,2: explore values over ssh."""
        return self._elsewhere(i, "remote", "experiment")

    def remote_slurm(self, i: dict[str, Any]) -> Result:
        """remote-slurm script "TAGS" --remote_host=H [--slurm_KEY=..]: a Slurm job step from a machine over ssh."""
        return self._elsewhere(i, "remote", "slurm-run")

    def remote_slurm_experiment(self, i: dict[str, Any]) -> Result:
        """remote-slurm-experiment script "TAGS" --remote_host=H --exp.INPUT,=1,2: explore in a job step there."""
        return self._elsewhere(i, "remote", "slurm-experiment")

    def slurm_run(self, i: dict[str, Any]) -> Result:
        """slurm-run script "TAGS" [--slurm_partition=P] [--slurm_dry_run]: run a script as a Slurm job step."""
        return self._elsewhere(i, "slurm", "run")

    def slurm_docker(self, i: dict[str, Any]) -> Result:
        """slurm-docker script "TAGS" [--slurm_KEY=..] [--docker_KEY=..]: a container in a Slurm job step."""
        return self._elsewhere(i, "slurm", "docker")

    def slurm_apptainer(self, i: dict[str, Any]) -> Result:
        """slurm-apptainer script "TAGS" [--slurm_KEY=..] [--apptainer_KEY=..]: Apptainer in a Slurm job step."""
        return self._elsewhere(i, "slurm", "apptainer")

    def slurm_experiment(self, i: dict[str, Any]) -> Result:
        """slurm-experiment script "TAGS" [--slurm_KEY=..] --exp.INPUT,=1,2: explore in a Slurm job step."""
        return self._elsewhere(i, "slurm", "experiment")

    def _elsewhere(self, i: dict[str, Any], where: str, action: str) -> Result:
        from franca.compat import elsewhere_actions

        return elsewhere_actions.run(self.cmind, i, inputs_of(i), where, action)
