#include "json.h"

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <new>
#include <stdexcept>
#include <string>
#include <vector>

// A failed assertion of rapidjson must end in the catch clauses below, never in abort().
#define RAPIDJSON_ASSERT(condition) \
  ((condition) ? static_cast<void>(0) : throw std::logic_error("assertion of the JSON parser"))
#define RAPIDJSON_HAS_STDSTRING 0
// rapidjson marks as noexcept what it defines with this; an assertion inside must be able to leave.
#define RAPIDJSON_HAS_CXX11_NOEXCEPT 0
#include <rapidjson/error/en.h>
#include <rapidjson/memorystream.h>
#include <rapidjson/prettywriter.h>
#include <rapidjson/reader.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

namespace {

// rapidjson does not look at the result of its allocator, so failure has to be an exception.
struct ThrowingAllocator {
  void *Malloc(size_t size) {
    if (size == 0) return nullptr;
    void *memory = std::malloc(size);
    if (memory == nullptr) throw std::bad_alloc();
    return memory;
  }

  void *Realloc(void *original, size_t, size_t size) {
    if (size == 0) {
      std::free(original);
      return nullptr;
    }
    void *memory = std::realloc(original, size);
    if (memory == nullptr) throw std::bad_alloc();
    return memory;
  }

  static void Free(void *memory) { std::free(memory); }
};

struct Storage {
  std::vector<mtl_json_node> nodes;
  std::string text;
};

// Receives the parser's events and writes the tape. Returning false ends the parse.
struct TapeWriter {
  Storage &storage;
  const uint32_t maximum_depth;
  const size_t maximum_nodes;
  std::vector<size_t> open_containers;
  const char *limit = nullptr;

  bool push(uint32_t kind, uint64_t payload, uint32_t count) {
    if (storage.nodes.size() >= maximum_nodes) {
      limit = "too many values";
      return false;
    }
    storage.nodes.push_back(mtl_json_node{payload, count, kind});
    return true;
  }

  bool push_string(const char *text, size_t length) {
    const size_t offset = storage.text.size();
    storage.text.append(text, length);
    return push(MTL_JSON_STRING, offset, static_cast<uint32_t>(length));
  }

  bool open(uint32_t kind) {
    if (open_containers.size() >= maximum_depth) {
      limit = "nested too deeply";
      return false;
    }
    open_containers.push_back(storage.nodes.size());
    return push(kind, 0, 0);
  }

  bool close(size_t count) {
    storage.nodes[open_containers.back()].count = static_cast<uint32_t>(count);
    open_containers.pop_back();
    return true;
  }

  bool integer(int64_t value) { return push(MTL_JSON_INTEGER, static_cast<uint64_t>(value), 0); }

  bool Null() { return push(MTL_JSON_NULL, 0, 0); }
  bool Bool(bool value) { return push(value ? MTL_JSON_TRUE : MTL_JSON_FALSE, 0, 0); }
  bool Int(int value) { return integer(value); }
  bool Uint(unsigned value) { return integer(value); }
  bool Int64(int64_t value) { return integer(value); }
  bool Uint64(uint64_t value) {
    if (value <= static_cast<uint64_t>(std::numeric_limits<int64_t>::max()))
      return integer(static_cast<int64_t>(value));
    return Double(static_cast<double>(value));
  }
  bool Double(double value) {
    uint64_t bits;
    std::memcpy(&bits, &value, sizeof bits);
    return push(MTL_JSON_NUMBER, bits, 0);
  }
  bool RawNumber(const char *, rapidjson::SizeType, bool) { return false; }
  bool String(const char *text, rapidjson::SizeType length, bool) { return push_string(text, length); }
  bool Key(const char *text, rapidjson::SizeType length, bool) { return push_string(text, length); }
  bool StartObject() { return open(MTL_JSON_OBJECT); }
  bool EndObject(rapidjson::SizeType count) { return close(count); }
  bool StartArray() { return open(MTL_JSON_ARRAY); }
  bool EndArray(rapidjson::SizeType count) { return close(count); }
};

int32_t fail(mtl_json_tape *tape, int32_t code, const char *problem, size_t offset) {
  tape->problem = problem;
  tape->problem_offset = offset;
  return code;
}

int32_t parse(const char *bytes, size_t length, uint32_t maximum_depth, size_t maximum_nodes, mtl_json_tape *tape) {
  Storage *storage = new Storage();
  tape->storage = storage;
  TapeWriter writer{*storage, maximum_depth, maximum_nodes, {}};
  rapidjson::MemoryStream stream(bytes, length);
  ThrowingAllocator allocator;
  rapidjson::GenericReader<rapidjson::UTF8<>, rapidjson::UTF8<>, ThrowingAllocator> reader(&allocator);
  constexpr unsigned flags =
      rapidjson::kParseIterativeFlag | rapidjson::kParseValidateEncodingFlag | rapidjson::kParseFullPrecisionFlag;
  const rapidjson::ParseResult result = reader.Parse<flags>(stream, writer);
  if (writer.limit != nullptr) return fail(tape, MTL_JSON_LIMIT, writer.limit, stream.Tell());
  if (result.IsError()) return fail(tape, MTL_JSON_MALFORMED, rapidjson::GetParseError_En(result.Code()), result.Offset());
  // The stream reports its end as a zero byte, so a zero byte in the text would pass for the end.
  if (stream.Tell() != length) return fail(tape, MTL_JSON_MALFORMED, "Zero byte in the text.", stream.Tell());
  tape->nodes = storage->nodes.data();
  tape->node_count = storage->nodes.size();
  tape->text = storage->text.data();
  tape->text_length = storage->text.size();
  return MTL_JSON_OK;
}

// Writes a value and what it contains; false for a tape that ends early or holds no JSON.
template <typename Writer>
bool write(const mtl_json_tape &tape, size_t &next, Writer &writer) {
  if (next >= tape.node_count) return false;
  const mtl_json_node &node = tape.nodes[next++];
  const auto text = [&](const mtl_json_node &string) {
    return string.payload <= tape.text_length && string.count <= tape.text_length - string.payload
               ? tape.text + string.payload : nullptr;
  };
  switch (node.kind) {
    case MTL_JSON_NULL: return writer.Null();
    case MTL_JSON_FALSE: return writer.Bool(false);
    case MTL_JSON_TRUE: return writer.Bool(true);
    case MTL_JSON_INTEGER: return writer.Int64(static_cast<int64_t>(node.payload));
    case MTL_JSON_NUMBER: {
      double value;
      std::memcpy(&value, &node.payload, sizeof value);
      return writer.Double(value);
    }
    case MTL_JSON_STRING: return text(node) != nullptr && writer.String(text(node), node.count);
    case MTL_JSON_ARRAY:
      writer.StartArray();
      for (uint32_t index = 0; index < node.count; ++index)
        if (!write(tape, next, writer)) return false;
      return writer.EndArray();
    case MTL_JSON_OBJECT:
      writer.StartObject();
      for (uint32_t index = 0; index < node.count; ++index) {
        if (next >= tape.node_count) return false;
        const mtl_json_node &key = tape.nodes[next++];
        if (text(key) == nullptr || !writer.Key(text(key), key.count)) return false;
        if (!write(tape, next, writer)) return false;
      }
      return writer.EndObject();
    default: return false;
  }
}

template <typename Writer>
bool write_all(const mtl_json_tape &tape, Writer &writer) {
  size_t next = 0;
  return write(tape, next, writer) && next == tape.node_count;
}

using TextBuffer = rapidjson::GenericStringBuffer<rapidjson::UTF8<>, ThrowingAllocator>;

int32_t write_text(const mtl_json_tape &tape, bool is_indented, mtl_json_text *text) {
  TextBuffer *buffer = new TextBuffer();
  text->storage = buffer;
  bool is_written;
  if (is_indented) {
    rapidjson::PrettyWriter<TextBuffer> writer(*buffer);
    writer.SetIndent(' ', 2);
    is_written = write_all(tape, writer);
  } else {
    rapidjson::Writer<TextBuffer> writer(*buffer);
    is_written = write_all(tape, writer);
  }
  text->bytes = buffer->GetString();
  text->length = buffer->GetSize();
  return is_written ? MTL_JSON_OK : MTL_JSON_MALFORMED;
}

}  // namespace

int32_t mtl_json_write(const mtl_json_tape *tape, int32_t is_indented, mtl_json_text *text) {
  *text = mtl_json_text{};
  try {
    return write_text(*tape, is_indented != 0, text);
  } catch (const std::bad_alloc &) {
    return MTL_JSON_OUT_OF_MEMORY;
  } catch (...) {
    return MTL_JSON_MALFORMED;
  }
}

void mtl_json_release_text(mtl_json_text *text) {
  delete static_cast<TextBuffer *>(text->storage);
  *text = mtl_json_text{};
}

int32_t mtl_json_parse(const char *bytes, size_t length, uint32_t maximum_depth, size_t maximum_nodes,
                       mtl_json_tape *tape) {
  *tape = mtl_json_tape{};
  // Lengths and counts of the nodes have 32 bits.
  if (length > std::numeric_limits<uint32_t>::max()) return fail(tape, MTL_JSON_LIMIT, "more than 4 GiB of text", 0);
  try {
    return parse(bytes, length, maximum_depth, maximum_nodes, tape);
  } catch (const std::bad_alloc &) {
    return fail(tape, MTL_JSON_OUT_OF_MEMORY, "out of memory", 0);
  } catch (...) {
    return fail(tape, MTL_JSON_MALFORMED, "the parser failed", 0);
  }
}

void mtl_json_release(mtl_json_tape *tape) {
  delete static_cast<Storage *>(tape->storage);
  *tape = mtl_json_tape{};
}
