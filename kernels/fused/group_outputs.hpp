#pragma once

#include "kernels/runtime/float_ops.hpp"

/// What the lanes of a machine own of it: a lane outputs lane, lane + lanes, … of every layer, with
/// their weights and biases.
///
/// `Group`, the lanes of one machine: lanes(); for_each_lane(body), body(lane) for this lane (the
/// host: for every lane); ballot(body), the lanes whose body(lane) is true; sync(), before a lane
/// reads what another one wrote; slot(lane), where a lane's registers begin among all that there
/// are.
namespace helmholtz::cuda {

/// body(round): as often as a lane has outputs, at most.
template <class Group, class Layer, class Body>
HELMHOLTZ_DEVICE void for_each_round(const Layer& layer, Body body) {
  if constexpr (Layer::kStatic) {
    repeat<(Layer::outputs + Group::lanes() - 1) / Group::lanes()>(body);
  } else {
    for (int r = 0; r * Group::lanes() < layer.outputs; ++r) body(r);
  }
}

/// body(lane, round, j) for the outputs of this lane.
template <class Group, class Layer, class Body>
HELMHOLTZ_DEVICE void for_each_output(const Group& group, const Layer& layer, Body body) {
  for_each_round<Group>(layer, [&](int round) HELMHOLTZ_DEVICE_BODY {
    group.for_each_lane([&](int lane) HELMHOLTZ_DEVICE_BODY {
      const int j = round * Group::lanes() + lane;
      if (j < layer.outputs) body(lane, round, j);
    });
  });
}

/// body(lane, round, j, i) for this lane's parameters of a layer; i = inputs: the bias.
template <class Group, class Layer, class Body>
HELMHOLTZ_DEVICE void for_each_own(const Group& group, const Layer& layer, Body body) {
  for_each_output(group, layer, [&](int lane, int round, int j) HELMHOLTZ_DEVICE_BODY {
    for_each_input(layer, [&](int i) HELMHOLTZ_DEVICE_BODY { body(lane, round, j, i); });
    body(lane, round, j, layer.inputs);
  });
}

}  // namespace helmholtz::cuda
