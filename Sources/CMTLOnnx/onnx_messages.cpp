// libonnx's generated classes, read by reflection: the C side asks for fields by number, and a field of another kind
// than asked for is as good as absent. protobuf's reflection ends the process when it is asked for the wrong kind, so
// every kind is checked here first.
#include "include/onnx_messages.h"

// Defined where the package is built with the trait ONNX.
#ifdef ONNX_ML

#include <google/protobuf/descriptor.h>
#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/message.h>
#include <google/protobuf/unknown_field_set.h>
#include <onnx/onnx_pb.h>

#include <climits>
#include <new>
#include <vector>

namespace pb = google::protobuf;

struct mtl_onnx_model {
  onnx::ModelProto proto;
  // For each function a node whose attributes are the function's default values.
  std::vector<onnx::NodeProto> function_defaults;
};

namespace {

const pb::Message &from(const mtl_onnx_message *message) { return *reinterpret_cast<const pb::Message *>(message); }

const mtl_onnx_message *to(const pb::Message &message) { return reinterpret_cast<const mtl_onnx_message *>(&message); }

const pb::FieldDescriptor *find(const pb::Message &message, int32_t number) {
  return message.GetDescriptor()->FindFieldByNumber(number);
}

size_t count(const pb::Message &message, const pb::FieldDescriptor *field) {
  if (field == nullptr) return 0;
  const pb::Reflection *reflection = message.GetReflection();
  if (field->is_repeated()) return static_cast<size_t>(reflection->FieldSize(message, field));
  return reflection->HasField(message, field) ? 1 : 0;
}

// The field, if it has a value at `index` of one of these kinds.
const pb::FieldDescriptor *field_with(const mtl_onnx_message *message, int32_t number, size_t index,
                                      std::initializer_list<pb::FieldDescriptor::CppType> kinds) {
  if (message == nullptr) return nullptr;
  const pb::FieldDescriptor *field = find(from(message), number);
  if (index >= count(from(message), field)) return nullptr;
  for (pb::FieldDescriptor::CppType kind : kinds)
    if (field->cpp_type() == kind) return field;
  return nullptr;
}

// Deprecated for a form that copies; the numbers are read where they are.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
template <typename Number>
const void *numbers(const pb::Message &message, const pb::FieldDescriptor *field, size_t *count, size_t *byte_size) {
  const pb::RepeatedField<Number> &values = message.GetReflection()->GetRepeatedField<Number>(message, field);
  *count = static_cast<size_t>(values.size());
  *byte_size = sizeof(Number);
  return values.data();
}
#pragma GCC diagnostic pop

// Default values of a function's attributes came with IR version 9, after the libonnx that distributions have: to its
// classes they are a field that they do not know, which is kept as bytes.
constexpr int function_defaults_field = 11;

bool parse_function_defaults(mtl_onnx_model *model, uint32_t maximum_depth) {
  for (const onnx::FunctionProto &function : model->proto.functions()) {
    onnx::NodeProto &node = model->function_defaults.emplace_back();
    const pb::UnknownFieldSet &fields = function.GetReflection()->GetUnknownFields(function);
    for (int i = 0; i < fields.field_count(); ++i) {
      const pb::UnknownField &field = fields.field(i);
      if (field.number() != function_defaults_field || field.type() != pb::UnknownField::TYPE_LENGTH_DELIMITED) continue;
      const std::string &bytes = field.length_delimited();
      pb::io::CodedInputStream stream(reinterpret_cast<const uint8_t *>(bytes.data()), static_cast<int>(bytes.size()));
      stream.SetRecursionLimit(static_cast<int>(maximum_depth));
      if (!node.add_attribute()->ParsePartialFromCodedStream(&stream) || !stream.ConsumedEntireMessage()) return false;
    }
  }
  return true;
}

}  // namespace

extern "C" int32_t mtl_onnx_parse(const void *bytes, size_t length, uint32_t maximum_depth, mtl_onnx_model **model) {
  *model = nullptr;
  if (length > static_cast<size_t>(INT_MAX)) return MTL_ONNX_TOO_LARGE;
  try {
    auto *parsed = new mtl_onnx_model;
    pb::io::CodedInputStream stream(static_cast<const uint8_t *>(bytes), static_cast<int>(length));
    stream.SetRecursionLimit(static_cast<int>(maximum_depth));
    if (!parsed->proto.ParsePartialFromCodedStream(&stream) || !stream.ConsumedEntireMessage() ||
        !parse_function_defaults(parsed, maximum_depth)) {
      delete parsed;
      return MTL_ONNX_MALFORMED;
    }
    *model = parsed;
    return MTL_ONNX_OK;
  } catch (const std::bad_alloc &) {
    return MTL_ONNX_OUT_OF_MEMORY;
  } catch (...) {
    return MTL_ONNX_MALFORMED;
  }
}

extern "C" void mtl_onnx_release(mtl_onnx_model *model) { delete model; }

extern "C" const mtl_onnx_message *mtl_onnx_root(const mtl_onnx_model *model) {
  return model == nullptr ? nullptr : to(model->proto);
}

extern "C" const mtl_onnx_message *mtl_onnx_function_defaults(const mtl_onnx_model *model, size_t function) {
  if (model == nullptr || function >= model->function_defaults.size()) return nullptr;
  return to(model->function_defaults[function]);
}

extern "C" size_t mtl_onnx_count(const mtl_onnx_message *message, int32_t number) {
  return message == nullptr ? 0 : count(from(message), find(from(message), number));
}

extern "C" const mtl_onnx_message *mtl_onnx_child(const mtl_onnx_message *message, int32_t number, size_t index) try {
  const pb::FieldDescriptor *field = field_with(message, number, index, {pb::FieldDescriptor::CPPTYPE_MESSAGE});
  if (field == nullptr) return nullptr;
  const pb::Reflection *reflection = from(message).GetReflection();
  if (!field->is_repeated()) return to(reflection->GetMessage(from(message), field));
  return to(reflection->GetRepeatedMessage(from(message), field, static_cast<int>(index)));
} catch (...) {
  return nullptr;
}

extern "C" int64_t mtl_onnx_integer(const mtl_onnx_message *message, int32_t number, size_t index) try {
  const pb::FieldDescriptor *field =
      field_with(message, number, index,
                 {pb::FieldDescriptor::CPPTYPE_INT32, pb::FieldDescriptor::CPPTYPE_INT64,
                  pb::FieldDescriptor::CPPTYPE_ENUM});
  if (field == nullptr) return 0;
  const pb::Message &self = from(message);
  const pb::Reflection *reflection = self.GetReflection();
  int at = static_cast<int>(index);
  switch (field->cpp_type()) {
    case pb::FieldDescriptor::CPPTYPE_INT32:
      return field->is_repeated() ? reflection->GetRepeatedInt32(self, field, at) : reflection->GetInt32(self, field);
    case pb::FieldDescriptor::CPPTYPE_INT64:
      return field->is_repeated() ? reflection->GetRepeatedInt64(self, field, at) : reflection->GetInt64(self, field);
    default:
      return field->is_repeated() ? reflection->GetRepeatedEnumValue(self, field, at)
                                  : reflection->GetEnumValue(self, field);
  }
} catch (...) {
  return 0;
}

extern "C" float mtl_onnx_float(const mtl_onnx_message *message, int32_t number, size_t index) try {
  const pb::FieldDescriptor *field = field_with(message, number, index, {pb::FieldDescriptor::CPPTYPE_FLOAT});
  if (field == nullptr) return 0;
  const pb::Reflection *reflection = from(message).GetReflection();
  return field->is_repeated() ? reflection->GetRepeatedFloat(from(message), field, static_cast<int>(index))
                              : reflection->GetFloat(from(message), field);
} catch (...) {
  return 0;
}

extern "C" const char *mtl_onnx_bytes(const mtl_onnx_message *message, int32_t number, size_t index,
                                      size_t *length) try {
  *length = 0;
  const pb::FieldDescriptor *field = field_with(message, number, index, {pb::FieldDescriptor::CPPTYPE_STRING});
  if (field == nullptr) return nullptr;
  // The classes are generated with plain strings, so that these are the message's own and no copies.
  static thread_local std::string scratch;
  const pb::Reflection *reflection = from(message).GetReflection();
  const std::string &text =
      field->is_repeated()
          ? reflection->GetRepeatedStringReference(from(message), field, static_cast<int>(index), &scratch)
          : reflection->GetStringReference(from(message), field, &scratch);
  *length = text.size();
  return text.data();
} catch (...) {
  return nullptr;
}

extern "C" const void *mtl_onnx_numbers(const mtl_onnx_message *message, int32_t number, size_t *count,
                                        size_t *byte_size) try {
  *count = 0;
  *byte_size = 0;
  const pb::FieldDescriptor *field =
      field_with(message, number, 0,
                 {pb::FieldDescriptor::CPPTYPE_INT32, pb::FieldDescriptor::CPPTYPE_INT64,
                  pb::FieldDescriptor::CPPTYPE_UINT64, pb::FieldDescriptor::CPPTYPE_FLOAT,
                  pb::FieldDescriptor::CPPTYPE_DOUBLE});
  if (field == nullptr || !field->is_repeated()) return nullptr;
  switch (field->cpp_type()) {
    case pb::FieldDescriptor::CPPTYPE_INT32: return numbers<int32_t>(from(message), field, count, byte_size);
    case pb::FieldDescriptor::CPPTYPE_INT64: return numbers<int64_t>(from(message), field, count, byte_size);
    case pb::FieldDescriptor::CPPTYPE_UINT64: return numbers<uint64_t>(from(message), field, count, byte_size);
    case pb::FieldDescriptor::CPPTYPE_FLOAT: return numbers<float>(from(message), field, count, byte_size);
    default: return numbers<double>(from(message), field, count, byte_size);
  }
} catch (...) {
  return nullptr;
}

#endif
