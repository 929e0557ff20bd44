"""What others may rely on in result.json, by the program that wrote it.

The programs' tests hold them to it; the report takes a run that lacks any of it
for another version's.
"""

# The accuracies of label_kinds.csv: on labels that are other than the true
# ones, that were drawn and are the true ones, and that were not drawn; and on
# all that were drawn, which earlier versions called corrupted.
LABEL_KINDS = (
    "corrupted_accuracy", "drawn_equal_accuracy", "untouched_accuracy",
    "drawn_accuracy")
# The running training accuracies of "epochs_to_fit", highest first.
LEVELS = ("0.999", "0.98", "0.95", "0.90")
FIELDS = {
    "train": frozenset({
        "params", "train_examples", "train_accuracy", "train_loss",
        "test_accuracy", "best_test_accuracy", "epochs_to_fit",
        "dataset_fingerprint"}),
    "double_descent": frozenset({"n", "peaks", "dataset_fingerprint"}),
    "corollary1": frozenset({
        "n", "train_accuracy", "depth_constant", "width_constant",
        "weights_per_block", "max_abs_error"}),
    "expressivity": frozenset({
        "n", "d", "weights", "train_accuracy", "test_accuracy",
        "max_abs_error"}),
    "interpolate": frozenset({
        "n", "l2", "train_error", "test_error", "relative_residual", "min_norm",
        "wall_seconds", "peak_memory_gb", "dataset_fingerprint"}),
    "lemma1": frozenset({"instances", "full_rank", "eigenvalue_error"}),
    "rademacher": frozenset({
        "model", "draws", "estimates", "standard_errors", "linear"}),
    "section5": frozenset({"n", "sgd", "curvature", "solutions", "path"}),
    "stability": frozenset({
        "model", "n", "max_probability_difference", "generalization_error"}),
    "vc_dimension": frozenset({"shattered", "fitted"}),
}
# Those of train that are numbers, whatever the data; and of ImageNet more.
NUMBERS = FIELDS["train"] - {"epochs_to_fit", "dataset_fingerprint"}
NUMBERS_OF_IMAGENET = NUMBERS | {"train_top5", "test_top5", "best_test_top5"}
