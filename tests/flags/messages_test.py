"""Tests of what a refused flag is answered, to the letter, in every program."""

import pytest

from rethink_tf import errors
from rethink_tf.data import catalog
from rethink_tf.flags import double_descent as double_descent_flags
from rethink_tf.flags import linear as linear_flags
from rethink_tf.flags import section5 as section5_flags
from rethink_tf.flags import selection as selection_flags
from rethink_tf.flags import suites as suite_flags
from rethink_tf.flags import theory as theory_flags
from rethink_tf.flags import training as training_flags
from rethink_tf.models import registry

_PHOTOGRAPHS = "--dataset=imagenet2012 --model=inception_v3 "
_IN_MEMORY = ", ".join(catalog.IN_MEMORY)
_SMALL_MODELS = ", ".join(registry.names())
_WHOLE = "expected a whole number from 1 to 2^31 - 1. Received: 0"
_SEED = "expected a whole number from 0 to 2^31 - 1. Received: -1"
_POSITIVE = "expected a finite number > 0. Received: nan"
_SCALE = "expected a number > 0, from 1e-30 to 1e30. Received: nan"
_AMOUNT = "expected a number from 0 to 1e30. Received: inf"
_NOT_NEGATIVE = "expected a finite number >= 0. Received: inf"
_SHARE = "expected a number in [0, 1]. Received: nan"
_BELOW_1 = "expected a number in [0, 1). Received: 1.0"

# For each program: flags, and what follows the last flag's name and ": ".
_REFUSED = {
    training_flags.parse: [
        ("--model=vgg",
         f"expected one of {', '.join(registry.models())}. Received: 'vgg'"),
        ("--dataset=svhn",
         f"expected one of {_IN_MEMORY}, imagenet2012. Received: 'svhn'"),
        ("--pixel_randomization=", "expected one of none, shuffled_pixels, "
         "random_pixels, gaussian. Received: ''"),
        ("--strategy=tpu", "expected one of one_device, mirrored, "
         "multi_worker, parameter_server. Received: 'tpu'"),
        ("--label_corruption=nan", _SHARE),
        ("--lr_decay=nan", _SHARE),
        ("--dropout=1", "expected a rate in [0, 1). Received: 1.0"),
        ("--weight_decay=inf",
         "expected a number from 0 to 3.4e+38. Received: inf"),
        ("--learning_rate=0",
         "expected a number > 0, up to 3.4e+38. Received: 0.0"),
        ("--batch_size=0", _WHOLE),
        ("--epochs=0", _WHOLE),
        ("--lr_decay_examples=0", _WHOLE),
        ("--eval_every=0", _WHOLE),
        ("--seed=-1", _SEED),
        ("--label_seed=-1", _SEED),
        ("--width=0", "expected a whole number from 1 to 65,536. Received: 0"),
        ("--model=alexnet_small --width=64", "expected with --model=mlp_1x512 "
         "or mlp_3x512 only. Received: --model=alexnet_small"),
        ("--label_noise=human",
         "expected one of uniform, asymmetric. Received: 'human'"),
        ("--labels_file=", "expected a path. Received: ''"),
        ("--dataset=digits --train_examples=1298", "expected a whole number "
         "from 0 to 1,297, all that digits has. Received: 1298"),
        ("--checkpoint_minutes=nan", _POSITIVE),
        ("--worker_timeout=nan", _POSITIVE),
        ("--port_base=80",
         "expected a whole number from 1024 to 65,535. Received: 80"),
        ("--logdir=", "expected a path. Received: ''"),
        ("--data_dir=", "expected a path. Received: ''"),
        (_PHOTOGRAPHS + "--image_size=1025",
         "expected a whole number from 75 to 1024. Received: 1025"),
        (_PHOTOGRAPHS + "--aux_head --image_size=106", "expected a whole "
         "number from 107 to 1024 with --aux_head. Received: 106"),
        (_PHOTOGRAPHS + "--label_smoothing=1", _BELOW_1),
        (_PHOTOGRAPHS + "--batch_norm_decay=1", _BELOW_1),
        (_PHOTOGRAPHS + "--moving_average_decay=1", _BELOW_1),
        (_PHOTOGRAPHS + "--preview",
         f"expected a dataset among {_IN_MEMORY}. Received: imagenet2012"),
    ],
    linear_flags.parse_interpolate: [
        ("--dataset=imagenet2012",
         f"expected one of {_IN_MEMORY}. Received: 'imagenet2012'"),
        ("--train_examples=60001", "expected a whole number from 0 to 60,000, "
         "all that mnist has. Received: 60001"),
        ("--label_corruption=nan", _SHARE),
        ("--preprocessing=x",
         "expected one of none, gabor, random_convnet. Received: 'x'"),
        ("--kernel=", "expected one of gaussian, linear. Received: ''"),
        ("--kernel=linear --bandwidth=nan", _SCALE),
        ("--l2=inf", _AMOUNT),
        ("--threshold=inf", _AMOUNT),
        ("--memory_gb=inf", _NOT_NEGATIVE),
        ("--orientations=65",
         "expected a whole number from 1 to 64. Received: 65"),
        ("--spacing=29", "expected a whole number from 1 to 28. Received: 29"),
        ("--filters=0",
         "expected a whole number from 1 to 1,000,000. Received: 0"),
        ("--wavelengths=4+29", "expected numbers of pixels from 2 to 28, "
         "joined by +. Received: '4+29'"),
        ("--solver=lu", "expected one of cholesky, cg. Received: 'lu'"),
        ("--tolerance=1e-13",
         "expected a number from 1e-12 to 1. Received: 1e-13"),
        ("--seed=-1", _SEED),
        ("--checkpoint_minutes=nan", _POSITIVE),
    ],
    section5_flags.parse_section5: [
        ("--preprocessing=random_convnet", "expected none or gabor, whose "
         "points are in memory. Received: 'random_convnet'"),
        ("--kernel=linear", "expected gaussian. Received: 'linear'"),
        ("--train_examples=0",
         "expected a whole number from 1 to 20,000. Received: 0"),
        ("--test_examples=10001",
         "expected a whole number from 1 to 10,000. Received: 10001"),
        ("--train_examples=7 --sgd_examples=8",
         "expected a whole number from 1 to 7. Received: 8"),
        ("--sgd_epochs=0",
         "expected a whole number from 1 to 2,147,483,647. Received: 0"),
        ("--memory_gb=inf", _NOT_NEGATIVE),
    ],
    double_descent_flags.parse_double_descent: [
        ("--train_examples=20001", "expected a whole number from 1 to 20,000, "
         "of which a factor fits into memory. Received: 20001"),
        ("--train_examples=0", "expected a whole number from 1 to 20,000, "
         "of which a factor fits into memory. Received: 60000"),
        ("--features=10,11",
         "expected even numbers from 2 to 200,000. Received: 11"),
        ("--l2=0,inf", _AMOUNT),
        ("--bandwidth=0", _SCALE.replace("nan", "0.0")),
        ("--label_corruption=0,2", "expected a number in [0, 1]. "
         "Received: 2.0"),
    ],
    selection_flags.parse_select: [
        ("--folds=1", "expected a whole number from 2 to 100. Received: 1"),
        ("--try=out=a", "expected FLAG=VALUE,VALUE,... with a flag of the "
         "model. Received: 'out=a'"),
        ("--folds=7 --train_examples=6",
         "expected at least one a fold of 7. Received: 6"),
        ("--try=l2=0,1 --bandwidth=nan", _SCALE),
        ("--out=", "expected a path. Received: ''"),
    ],
    theory_flags.parse_expressivity: [
        ("--dataset=imagenet2012",
         f"expected one of {_IN_MEMORY}. Received: 'imagenet2012'"),
        ("--n=-1", "expected a whole number from 0 to 50,000, all that cifar10 "
         "has. Received: -1"),
        ("--method=x", "expected one of construction, sgd. Received: 'x'"),
        ("--label_corruption=nan", _SHARE),
        ("--epochs=0", _WHOLE),
        ("--batch_size=0", _WHOLE),
        ("--learning_rate=nan", _POSITIVE),
        ("--checkpoint_minutes=nan", _POSITIVE),
        ("--data_dir=", "expected a path. Received: ''"),
    ],
    theory_flags.parse_lemma1: [
        ("--sizes=3,2001",
         "expected a whole number from 1 to 2,000. Received: 2001"),
        ("--sizes=1,,2", "expected numbers with commas between them. "
         "Received: '1,,2'"),
        ("--sizes=1,01", "expected different numbers. Received: '1,01'"),
        ("--instances=0", _WHOLE),
    ],
    theory_flags.parse_corollary1: [
        ("--n=0", "expected a whole number from 1 to 50,000, all that cifar10 "
         "has. Received: 0"),
        ("--n=20 --blocks=1,17", "expected whole numbers from 1 to 16, so that "
         "the depth k = b + 4 is at most n = 20. Received: 17"),
    ],
    theory_flags.parse_perceptron: [
        ("--dataset=digits --classes=0,10", "expected a whole number from 0 to "
         "9, the labels of digits. Received: 10"),
        ("--classes=3", "expected two numbers with a comma between them. "
         "Received: 3"),
        ("--classes=3,3", "expected different numbers. Received: '3,3'"),
        ("--n=60001", "expected a whole number from 1 to 60,000, all that "
         "mnist has. Received: 60001"),
        ("--passes=0", _WHOLE),
    ],
    theory_flags.parse_rademacher: [
        ("--model=inception_v3", f"expected one of {_SMALL_MODELS}, linear. "
         "Received: 'inception_v3'"),
        ("--dataset=digits --n=1,1298", "expected a whole number from 1 to "
         "1,297, all that digits has. Received: 1298"),
        ("--draws=0", _WHOLE),
    ],
    theory_flags.parse_vc_dimension: [("--labelings=0", _WHOLE)],
    theory_flags.parse_stability: [
        ("--model=linear",
         f"expected one of {_SMALL_MODELS}. Received: 'linear'"),
        ("--label_corruption=0,2",
         "expected a number in [0, 1]. Received: 2.0"),
        ("--replacements=0", _WHOLE),
        ("--replacements=7 --n=1291", "expected a whole number from 1 to "
         "1,290, all that digits has but 7 to put in. Received: 1291"),
        ("--held_out=0", _WHOLE),
        ("--held_out=501", "expected a whole number from 1 to 500, the test "
         "examples of digits. Received: 501"),
    ],
    suite_flags.parse_reproduce: [
        ("--suite=smoke --train_examples=-1",
         "expected a whole number from 0. Received: -1"),
        ("--suite=smoke --max_parallel=0",
         "expected a whole number from 1. Received: 0"),
        ("--suite=smoke --seeds=1,x", "expected whole numbers with commas "
         "between them. Received: '1,x'"),
        ("--suite=smoke --logdir=", "expected a path. Received: ''"),
    ],
    suite_flags.parse_report: [
        ("--out=x --runs=/absent",
         "expected a folder that exists. Received: /absent"),
        ("--runs=/ --out=x --readme=/absent",
         "expected a file that exists. Received: /absent"),
    ],
}
_CASES = [(parse, flags, said) for parse, refused in _REFUSED.items()
          for flags, said in refused]


def _refusal(parse, flags):
  with pytest.raises(errors.UsageError) as raised:
    parse(flags.split())
  return str(raised.value)


@pytest.mark.parametrize("parse, flags, said", _CASES)
def test_a_refusal_says_what_was_expected_and_what_was_received(
    parse, flags, said):
  name = flags.split()[-1].split("=")[0]
  assert _refusal(parse, flags) == f"{name}: {said}"


@pytest.mark.parametrize("parse, flags, said", [
    (suite_flags.parse_report, "--runs=/",
     "--out: expected a folder. Received: nothing"),
    (training_flags.parse, "--dataset=digits --image_size=96 --aux_head",
     "--image_size, --aux_head: expected with --dataset=imagenet2012 only"),
    (training_flags.parse, "--dataset=digits --allow_sample",
     "--allow_sample: expected with --dataset=imagenet2012 only"),
    (training_flags.parse, "--model=inception_v3 --aux_head",
     "expected --model=inception_v3 with --dataset=imagenet2012, and neither "
     "without the other. Received: --model=inception_v3 --dataset=cifar10"),
    (training_flags.parse, _PHOTOGRAPHS + "--random_crop",
     "--random_crop and --pixel_randomization: expected with images of 32x32 "
     "pixels only. Received: --dataset=imagenet2012, which has "
     "--data_augmentation"),
    (section5_flags.parse_section5, "--train_examples=99",
     "--sgd_examples: expected a whole number from 1 to 99. Received: 100"),
    (selection_flags.parse_select,
     "--train_examples=9 --try=train_examples=3,8",
     "--train_examples: expected at least one a fold of 5. Received: 3"),
    (theory_flags.parse_corollary1, "--n=19",
     "--blocks: expected whole numbers from 1 to 15, so that the depth "
     "k = b + 4 is at most n = 19. Received: 16"),
    (theory_flags.parse_stability, "--replacements=298",
     "--n: expected a whole number from 1 to 999, all that digits has but 298 "
     "to put in. Received: 1000"),
])
def test_what_is_wrong_of_several_flags_is_said(parse, flags, said):
  assert _refusal(parse, flags) == said


@pytest.mark.parametrize("parse", _REFUSED)
def test_every_program_refuses_what_is_no_flag_of_its_own(parse):
  assert "Unknown command line flag 'lr'" in _refusal(parse, "--lr=1")
  assert _refusal(parse, "--undefok=lr") == (
      "Unknown command line flag 'undefok'")
  assert _refusal(parse, "stray") == (
      "expected flags only, as --name=value. Received: 'stray'")


@pytest.mark.parametrize("parse", _REFUSED)
def test_every_program_reads_flagfiles_strictly(parse, tmp_path):
  file = tmp_path / "f"
  file.write_text("lr=1\n")
  assert _refusal(parse, f"--flagfile={file}") == (
      f"flagfile {file}, line 1: expected a flag that starts with --, or a "
      "comment that starts with #. Received: 'lr=1'")
  file.write_text(f"--flagfile={file}\n")
  assert _refusal(parse, f"--flagfile={file}") == (
      f"flagfile {file} includes itself")


@pytest.mark.parametrize("parse", _REFUSED)
def test_every_program_names_the_line_of_a_flag_that_it_lacks(parse, tmp_path):
  file = tmp_path / "f"
  file.write_text("# a comment\n--lr=1\n")
  message = _refusal(parse, f"--flagfile={file}")
  assert message.startswith("Unknown command line flag 'lr'")
  assert message.endswith(f" (flagfile {file}, line 2)")


def test_a_negated_flag_with_a_value_is_refused(tmp_path):
  said = "--noresume=1 does not take an argument"
  assert _refusal(training_flags.parse, "--noresume=1") == said
  file = tmp_path / "f"
  file.write_text("--noresume=1\n")
  assert _refusal(training_flags.parse, f"--flagfile={file}") == (
      f"{said} (flagfile {file}, line 1)")


def test_a_flag_of_other_data_is_found_in_its_flagfile(tmp_path):
  file = tmp_path / "f"
  file.write_text("--dataset=digits\n--image_size=96\n")
  assert _refusal(training_flags.parse, f"--flagfile={file}") == (
      "--image_size: expected with --dataset=imagenet2012 only (flagfile "
      f"{file}, line 2)")


def test_a_choice_that_is_overruled_need_not_be_valid():
  options = selection_flags.parse_select(
      ["--bandwidth=nan", "--try=bandwidth=1,2"])
  assert [config.bandwidth for _, config in options.choices] == [1, 2]
