#include "app/experiments.hpp"

#include <array>

namespace helmholtz::app {

namespace {

constexpr std::array kNotebookParts = {
    ExperimentPart{"notebook", "--seeds 0:100000"},
};

constexpr std::array kKirbyParts = {
    ExperimentPart{"kirby",
                   "--layers 1,4,9 --lr-layer 0.01,0.01,0.15 --steps 80000 --seeds 0:10000"},
};

constexpr std::array kBarsParts = {
    ExperimentPart{"non-negative",
                   "--world bars4x4 --layers 1,8,16 --nonnegative --lr 0.05,0.1 "
                   "--schedule exponential:0.7:200000 --init zero --init normal:0.1 "
                   "--init normal:0.1+visible-bias:-2 --steps 2000000 --seeds 0:900"},
    ExperimentPart{"free",
                   "--world bars4x4 --layers 1,8,16 --lr 0.05,0.1 "
                   "--schedule exponential:0.7:200000 --init zero --init normal:0.1 "
                   "--init normal:0.1+visible-bias:-2 --steps 2000000 --seeds 0:900"},
    ExperimentPart{"non-negative-sizes",
                   "--world bars4x4 --layers 1,6,16 --layers 1,8,16 --layers 1,12,16 --nonnegative "
                   "--lr 0.1 --schedule constant --schedule exponential:0.7:200000 "
                   "--steps 2000000 --seeds 900:1100"},
    ExperimentPart{"free-sizes",
                   "--world bars4x4 --layers 1,6,16 --layers 1,8,16 --layers 1,12,16 "
                   "--lr 0.1 --schedule constant --schedule exponential:0.7:200000 "
                   "--steps 2000000 --seeds 900:1100"},
};

constexpr std::array kShifterParts = {
    ExperimentPart{"32-16-4",
                   "--world shifter --layers 4,16,32 --lr 0.01,0.05,0.1 --init normal:0.1 "
                   "--steps 5000000 --eval-every 1000000 --seeds 0:64 --save-parameters all"},
    ExperimentPart{"32-24-2",
                   "--world shifter --layers 2,24,32 --lr-layer 0.01,0.01,0.15 --init normal:0.1 "
                   "--steps 5000000 --eval-every 5000000 --samples 100000 --seeds 0:64 "
                   "--save-parameters all"},
};

constexpr std::array kExperiments = {
    Experiment{.name = "notebook",
               .source = "a notebook after Kirby 2006: [1,6,9], rate 0.05, 50,000 steps, one seed",
               .published = "0.219 nats, from 10,000 samples",
               .bits = false,
               .kl = 0.219,
               .asks_direction = false,
               .parts = kNotebookParts},
    Experiment{.name = "kirby",
               .source = "Kirby 2006 and its demonstration: [1,4,9], rate 0.01, into the visible "
                         "layer 0.15, 80,000 cycles from zero",
               .published = "\"most of the time it can learn the world nicely\"; no figure",
               .bits = false,
               .kl = {},
               .asks_direction = false,
               .parts = kKirbyParts},
    Experiment{.name = "bars",
               .source =
                   "Hinton, Dayan, Frey & Neal 1995: [1,8,16], 2,000,000 samples of 4x4 bars; "
                   "rates and initialisations are not reported",
               .published = "0.10 bits; an open reproduction got 0.451 bits from one seed",
               .bits = true,
               .kl = 0.10,
               .asks_direction = false,
               .parts = kBarsParts},
    Experiment{.name = "shifter",
               .source =
                   "Dayan, Hinton, Neal & Zemel 1995: shifted rows of 8 pixels; sources differ "
                   "over sizes and rates",
               .published = "the top units show the direction of the shift; no figure",
               .bits = false,
               .kl = {},
               .asks_direction = true,
               .parts = kShifterParts},
};

}  // namespace

std::span<const Experiment> experiments() { return kExperiments; }

}  // namespace helmholtz::app
