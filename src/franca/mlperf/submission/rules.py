"""The rules as data: what each asks, where it comes from, how grave it is and what to do about it.

The list is the union of what the official checkers of rounds v3.0 to v6.1 refuse, and what this project
refuses on top (specification 12). No check decides its own severity: this table does.
"""

from __future__ import annotations

import msgspec

from franca.mlperf.submission.tables import round_number

ERROR, WARNING = "error", "warning"
ALL = ("closed", "open", "network")
STRICT = ("closed", "network")


class Rule(msgspec.Struct, frozen=True):
    """One rule of a submission.

    `since`: from this round on a violation is an error, before it a warning.
    `divisions`: where it is an error; elsewhere it is not looked at.
    `lax`: rounds whose own checkers, all of them, did not refuse it; `--lenient ROUND` follows that.
    `partly_lax`: as `lax`, for the violations only that the checks mark as mild.
    `skip`: name of the option that skips it, after `--skip-`, where the official tools have one.
    """

    id: str
    title: str
    source: str
    remedy: str
    since: str = "v3.0"
    divisions: tuple[str, ...] = ALL
    lax: tuple[str, ...] = ()
    partly_lax: tuple[str, ...] = ()
    skip: str = ""

    def applies(self, division: str) -> bool:
        """True when the rule is looked at in this division ('' = the tree as a whole)."""
        return not division or division in self.divisions

    def severity(self, round_name: str, lenient: str = "", *, mild: bool = False) -> str:
        """How grave a violation is in a round."""
        lax = (*self.lax, *self.partly_lax) if mild else self.lax
        if lenient in lax or round_number(round_name) < round_number(self.since):
            return WARNING
        return ERROR


POLICY = "MLPerf submission rules"
INFERENCE = "MLPerf inference rules"
OWN = "Franca"

RULES: tuple[Rule, ...] = (
    # files and directories (specification 11.1, 11.2, 11.6)
    Rule("F1", "Names and files are legal", f"{POLICY}, directory structure; 11.6",
         "Remove links, caches, empty directories and files over 50 MB; rename without blanks or a leading dot."),
    Rule("F2", "No stray file in the root or a division", f"{POLICY}, directory structure; 11.1",
         "Move the file below a submitter's directory or delete it.", lax=("v3.0",), skip="extra-files-in-root-check"),
    Rule("F3", "Divisions are closed, open and network", f"{OWN}; 11.1",
         "Rename the directory to its division, or remove it.", lax=("v3.0", "v3.1", "v6.1")),
    Rule("F4", "The source directory exists", f"{POLICY}, directory structure; 11.1",
         "Add code/<model> (from v6.0 src/<model>) with the code or a README that says where it is.", lax=("v3.0",)),
    Rule("F5", "The calibration document exists", f"{POLICY}, calibration; 11.1",
         "Write calibration.md: how weights were quantised, or that they were not.",
         since="v5.1", divisions=STRICT, skip="calibration-check"),
    Rule("F6", "Each system description has results and vice versa", f"{POLICY}, systems; 11.1",
         "Remove the description that has no results, or add the missing one.",
         lax=("v3.0", "v3.1"), skip="all-systems-have-results-check"),
    # systems (11.3)
    Rule("S1", "The system description exists and parses", f"{POLICY}, systems; 11.3",
         "Write systems/<system>.json, one JSON object of strings."),
    Rule("S2", "Required fields of the description are present", f"{POLICY}, systems; 11.3",
         "Add the fields; write N/A where there is nothing to say."),
    Rule("S3", "Meaningful fields of the description are not empty", f"{POLICY}, systems; 11.3",
         "Fill the fields; write N/A where there is nothing to say.",
         since="v3.1", skip="meaningful-fields-emptiness-check"),
    Rule("S4", "status and system_type are legal", f"{POLICY}, systems; 11.3",
         "status: available, preview or rdi; system_type: datacenter, edge or both with a comma."),
    Rule("S5", "division and submitter match the path", f"{POLICY}, systems; 11.3",
         "Make the two fields equal to the names of the directories."),
    Rule("S6", "Network mode matches the division", f"{INFERENCE}, network division; 11.3",
         'Network division: "is_network": "true" and a SUT name with "Network SUT"; closed: neither.'),
    Rule("S7", "Fields of a power submission are present", f"{POLICY}, power; 10.7",
         "Add the fields of a power submission to the description.", since="v3.1"),
    Rule("S8", "No unknown fields in the description", f"{OWN}; 11.3",
         "Check the spelling of the field.", since="v99.0"),
    # measurements (11.4, 11.5)
    Rule("M1", "Measurement files exist and are not empty", f"{POLICY}, measurements; 11.1",
         "Add user.conf, README.md (until v4.1 mlperf.conf) and the measurements JSON.", partly_lax=("v3.0",),
         skip="empty-files-check"),
    Rule("M2", "Measurement fields are present and not empty", f"{POLICY}, measurements; 11.4",
         "Fill the five fields of the measurements JSON.", lax=("v3.0",)),
    Rule("M3", "The implementation named by the measurements has code", f"{POLICY}, code; 11.1",
         "Add code/<model>/<implementation>, or rename the measurements JSON.", since="v99.0"),
    # benchmarks and scenarios (13.1, 13.4)
    Rule("B1", "The model is a benchmark of the round", f"{INFERENCE}, benchmarks; 13.4",
         "Closed: use an official model name. Open: map yours in model_mapping.json."),
    Rule("B2", "The scenario is legal for the model and category", f"{INFERENCE}, scenarios; 13.1",
         "Move or remove the scenario directory."),
    Rule("B3", "All required scenarios are there and valid", f"{INFERENCE}, scenarios; 13.1",
         "Add the missing scenario, or move the result to open.", divisions=STRICT, skip="required-scenarios"),
    # accuracy (8.4, 8.6, 13.2)
    Rule("A1", "The accuracy directory has exactly its files", f"{POLICY}, results; 11.1",
         "Keep mlperf_log_{summary,detail}.txt, mlperf_log_accuracy.json and accuracy.txt; remove others.",
         partly_lax=("v3.0",)),
    Rule("A2", "accuracy.txt has the metric and meets the target", f"{INFERENCE}, accuracy; 8.4, 13.2",
         "Run the accuracy script of the task again; below target the result belongs in open."),
    Rule("A3", "The accuracy log is truncated and its digest recorded", f"{POLICY}, results; 8.6",
         "Run `franca submission fix --rule=A3` on the whole log; one that is cut already needs its own digest back."),
    Rule("A4", "The accuracy run logged no errors", f"{POLICY}, logs; 4.5",
         "Repeat the accuracy run; the message names the first error."),
    Rule("A5", "The accuracy run covered the whole data set", f"{INFERENCE}, accuracy; 13.3",
         "Repeat the accuracy run with all samples; a mapped model with its own data needs --skip=dataset-size-check.",
         lax=("v3.0", "v3.1"), skip="dataset-size-check"),
    Rule("A6", "The accuracy log is one of this scenario's accuracy runs", f"{OWN}; 12 (P19), 4.2",
         "Put back the accuracy directory that belongs to this result.", lax=("v3.0",)),
    Rule("A7", "accuracy.txt agrees with itself and with the log beside it", f"{OWN}; 8.4, 8.6",
         "Put back the accuracy.txt that belongs to this log."),
    Rule("A8", "Pictures or videos that the benchmark asks for are beside its accuracy", f"{POLICY}, results; 11.1",
         "Add the files that the message names, as the accuracy run wrote them.", skip="extra-accuracy-files-check"),
    # performance (3, 4, 13.2)
    Rule("P1", "run_1 exists with exactly its files", f"{POLICY}, results; 11.1",
         "Keep mlperf_log_{summary,detail}.txt (and spl.txt with power) in performance/run_1; remove others.",
         partly_lax=("v3.0",)),
    Rule("P2", "The logs can be read", f"{POLICY}, logs; 4.5",
         "Repeat the run: a log that was edited or cut cannot be repaired."),
    Rule("P3", "The result is VALID", f"{INFERENCE}, result validity; 3.6",
         "Repeat the run; the message names the flags that failed."),
    Rule("P4", "The run logged no errors", f"{POLICY}, logs; 4.5",
         "Repeat the run without what caused the error; the message names the first one.", lax=("v6.1",)),
    Rule("P5", "The seeds are those of the round", f"{INFERENCE}, randomness; 2.6",
         "Use the LoadGen of the round, or set its three seeds.", lax=("v3.0",)),
    Rule("P6", "performance_sample_count is large enough", f"{INFERENCE}, samples; 13.2",
         "Load at least as many samples as the table says."),
    Rule("P7", "The run was configured for and lasted 600 seconds", f"{INFERENCE}, duration; 2.5",
         "Repeat the run with min_duration 600000.", lax=("v3.0", "v3.1")),
    Rule("P8", "Offline issued enough samples", f"{INFERENCE}, Offline; 13.2",
         "Raise min_query_count to the table's samples per query.", lax=("v3.0",)),
    Rule("P9", "Early stopping was met", f"{INFERENCE}, early stopping; 3.7",
         "Run longer, or lower the target rate.", lax=("v3.0", "v3.1")),
    Rule("P10", "The configured Server bound is within the table", f"{INFERENCE}, Server; 13.2",
         "Set target_latency to the bound of the model, or less.", lax=("v3.0",)),
    Rule("P11", "The minimum query count is met", f"{INFERENCE}, query counts; 13.2",
         "Raise min_query_count.", lax=("v3.0",)),
    Rule("P12", "The scenario of the log is the directory's, or a legal inference", f"{INFERENCE}, scenarios; 3.8",
         "Put back the log of this scenario; only edge results may be inferred.", lax=("v3.0", "v3.1")),
    Rule("P13", "Token latencies are on and within their bounds", f"{INFERENCE}, token latencies; 3.9, 2.5",
         "Run with use_token_latencies; lower the rate until both 99th percentiles fit.", since="v4.0"),
    Rule("P14", "Equal issue is on", f"{INFERENCE}, equal issue; 1.5",
         "Run with sample_concatenate_permutation = 1.", since="v4.1", divisions=STRICT),
    Rule("P15", "The result is a positive, finite number", f"{OWN}; 12",
         "Repeat the run: the log does not hold a result."),
    Rule("P16", "Latencies are not negative", f"{OWN}; 12", "Repeat the run: its clock went backwards."),
    Rule("P17", "num_errors agrees with the error entries", f"{OWN}; 12",
         "Repeat the run: entries were removed from the log."),
    Rule("P18", "Times run forwards", f"{OWN}; 12", "Repeat the run: the log was edited or its clock moved."),
    Rule("P19", "The run was of the mode that its place asks for", f"{OWN}; 12",
         "Put a PerformanceOnly run in performance and an AccuracyOnly run in accuracy."),
    Rule("P20", "A normal run has no audit configuration", f"{OWN}; 9.3",
         "Remove audit.config from the run's directory and repeat the run.", divisions=STRICT),
    Rule("P21", "The log holds one run", f"{OWN}; 4.2", "Repeat the run into an empty directory."),
    Rule("P22", "Summary and detail log agree", f"{OWN}; 4.1, 4.2", "Put back the two logs of one run."),
    Rule("P23", "The numbers of the log agree with each other", f"{OWN}; 3",
         "Repeat the run: counts, durations and percentiles of this log cannot come from one run."),
    Rule("P24", "LoadGen's settings that no closed run may change are the round's", f"{INFERENCE}, LoadGen; 2.3, 2.4",
         "Remove target_latency_percentile, samples_per_query, max_async_queries and performance_issue_unique from "
         "user.conf and the code, and repeat; with them the result is one for open.", divisions=STRICT),
    # results of the service form (11.2)
    Rule("E1", "The files of a service result are there and can be read", f"{POLICY}, service results; 11.2",
         "Put config.yaml beside performance/result_summary.json and accuracy/accuracy_results.json as the run wrote "
         "them.", since="v6.1"),
    Rule("E2", "The benchmark may be measured as a service", f"{INFERENCE}, service results; 11.2",
         "Measure this benchmark with LoadGen.", since="v6.1"),
    Rule("E3", "A service run was configured for its directory's scenario", f"{INFERENCE}, service results; 11.2",
         "Put back the result of this scenario; `type` of config.yaml is offline or online.", since="v6.1"),
    Rule("E4", "Both seeds of a service run are the round's", f"{INFERENCE}, randomness; 2.6, 11.2",
         "Set dataloader_random_seed and scheduler_random_seed below settings.runtime of config.yaml, and repeat.",
         since="v6.1"),
    Rule("E5", "A service run was configured for 600 seconds", f"{INFERENCE}, duration; 2.5, 11.2",
         "Repeat the run with settings.runtime.min_duration_ms 600000.", since="v6.1"),
    Rule("E6", "Percentiles of a service run are within their bounds", f"{INFERENCE}, latency bounds; 13.2, 11.2",
         "Lower the rate until the 99th percentiles of early_stopping_percentiles fit.", since="v6.1"),
    Rule("E7", "No sample of a service run failed", f"{OWN}; 11.2",
         "Repeat the run: samples failed, or the counts cannot be of one run.", since="v6.1"),
    Rule("E8", "The accuracy run of a service has a score and meets the target", f"{INFERENCE}, accuracy; 13.2, 11.2",
         "Score the run again; below target the result belongs in open.", since="v6.1"),
    Rule("E9", "The accuracy run of a service covered the whole data set", f"{INFERENCE}, accuracy; 13.3, 11.2",
         "Repeat the accuracy run with all samples; a mapped model with its own data needs --skip=dataset-size-check.",
         skip="dataset-size-check", since="v6.1"),
    Rule("E10", "Records of compliance tests of a service pass", f"{INFERENCE}, compliance; 9.1, 11.2",
         "Repeat the test and put its record into audit.", divisions=STRICT, skip="compliance", since="v6.1"),
    # compliance (9)
    Rule("C1", "Required compliance tests are there", f"{INFERENCE}, compliance; 9.1",
         "Run the missing test.", divisions=STRICT, skip="compliance"),
    Rule("C2", "verify_performance.txt says TEST PASS, and the logs agree", f"{INFERENCE}, compliance; 9.4, 9.5",
         "Repeat the test, or the performance run, on a quiet machine.", divisions=STRICT, skip="compliance"),
    Rule("C3", "The test's run has its files, is VALID and keeps seeds and duration", f"{INFERENCE}, compliance; 9.6",
         "Repeat the test at full length with the seeds of the round.", divisions=STRICT,
         partly_lax=("v3.0",), skip="compliance"),
    Rule("C4", "TEST01 accuracy passes", f"{INFERENCE}, compliance; 9.4, 9.5",
         "Repeat the test; if payloads differ, add baseline_accuracy.txt and compliance_accuracy.txt.",
         divisions=STRICT, skip="compliance"),
    Rule("C5", "TEST01 accuracy directory has exactly its files, truncated", f"{INFERENCE}, compliance; 9.4, 8.6",
         "Truncate the accuracy log and remove other files.", divisions=STRICT, skip="compliance"),
    Rule("C6", "TEST06 to TEST09 verification passes", f"{INFERENCE}, compliance; 9.1",
         "Repeat the test.", divisions=STRICT, skip="compliance"),
    # power (10)
    Rule("W1", "Power files are complete", f"{POLICY}, power; 10.3",
         "Keep exactly the files of power, ranging and run_1; spl.txt belongs to power runs only."),
    Rule("W2", "Power samples lie in the measured window", f"{POLICY}, power; 10.4",
         "Repeat the measurement with synchronised clocks."),
    Rule("W3", "The deep checks of the power records pass", f"{POLICY}, power; 10.5",
         "Repeat the measurement; the message names the check.", lax=("v3.0",), skip="power-check"),
    Rule("W4", "analyzer_table and power_settings exist", f"{POLICY}, power; 10.7",
         "Add both files to the measurement directory.", since="v3.1", skip="check-power-measure-files"),
    Rule("W5", "Power was measured, not simulated", f"{OWN}; 10.6",
         "Measure with a real analyser; simulated records are for tests.", divisions=STRICT),
    Rule("W6", "The nameplate power of the system can be read", f"{POLICY}, power; 10.7",
         "Write systems/<system>_power.yaml, or system_power_capacity into the description.", since="v6.0"),
)  # fmt: skip

SHORT_RULES = frozenset({"P3", "P6", "P7", "P8", "P9", "P11", "A5", "C2", "C3", "E5", "E9"})
"""Rules that a run of a few seconds, or with a few queries, cannot keep: warnings in a check of short runs (16.6)."""

BY_ID: dict[str, Rule] = {rule.id: rule for rule in RULES}
SKIPS: dict[str, tuple[str, ...]] = {
    name: tuple(rule.id for rule in RULES if rule.skip == name) for name in sorted({r.skip for r in RULES if r.skip})
}
"""Skip options and the rules that they leave out."""
