// Streams and events. Work is queued; queries run it.
#include "driver.hpp"
#include "enqueue.hpp"

using fake_cuda::Call;
using fake_cuda::Driver;
using fake_cuda::driver;
using fake_cuda::Event;
using fake_cuda::Stream;

namespace {

// One query's share of the stream's work.
void advance(Stream& stream) {
  if (stream.passed++ < driver().settings.slow) return;
  // Several, as who asks may sleep between two questions; one where each is to be slow.
  const int operations = driver().settings.slow == 0 ? 256 : 1;
  for (int i = 0; i < operations; ++i) Driver::step(stream);
}

}  // namespace

CUresult CUDAAPI cuStreamCreate(CUstream* stream, unsigned /*flags*/) {
  FAKE_CUDA_CALL("StreamCreate", context);
  auto made = std::make_shared<Stream>();
  made->context = call.context;
  *stream = fake_cuda::add<CUstream>(driver().streams, std::move(made));
  return CUDA_SUCCESS;
}

CUresult CUDAAPI cuStreamDestroy(CUstream stream) {
  FAKE_CUDA_CALL("StreamDestroy_v2", give_back);
  const auto found = call.stream(stream);
  if (found == nullptr) return *call.error;
  Driver::finish(*found);
  driver().streams.erase(stream);
  return call.result(CUDA_SUCCESS);
}

CUresult CUDAAPI cuStreamQuery(CUstream stream) {
  FAKE_CUDA_CALL("StreamQuery", context);
  const auto found = call.stream(stream);
  if (found == nullptr) return *call.error;
  if (found->queue.empty()) return CUDA_SUCCESS;
  advance(*found);
  return call.result(CUDA_ERROR_NOT_READY);
}

CUresult CUDAAPI cuStreamSynchronize(CUstream stream) {
  FAKE_CUDA_CALL("StreamSynchronize", context);
  const auto found = call.stream(stream);
  if (found == nullptr) return *call.error;
  Driver::finish(*found);
  fake_cuda::see_freed(call.context->device);
  return call.context->error;
}

CUresult CUDAAPI cuEventCreate(CUevent* event, unsigned /*flags*/) {
  FAKE_CUDA_CALL("EventCreate", context);
  *event = fake_cuda::add<CUevent>(driver().events, std::make_shared<Event>());
  return CUDA_SUCCESS;
}

CUresult CUDAAPI cuEventDestroy(CUevent event) {
  FAKE_CUDA_CALL("EventDestroy_v2", give_back);
  if (driver().events.erase(event) == 0) return driver().misuse(CUDA_ERROR_INVALID_HANDLE);
  return call.result(CUDA_SUCCESS);
}

CUresult CUDAAPI cuEventRecord(CUevent event, CUstream stream) {
  FAKE_CUDA_CALL("EventRecord", context);
  const auto found = fake_cuda::find(driver().events, event);
  const auto where = call.stream(stream);
  if (found == nullptr || where == nullptr) return driver().misuse(CUDA_ERROR_INVALID_HANDLE);
  found->stream = where;
  ++found->pending;
  return call.queue(stream, [found] {
    --found->pending;
    return CUDA_SUCCESS;
  });
}

CUresult CUDAAPI cuEventQuery(CUevent event) {
  FAKE_CUDA_CALL("EventQuery", context);
  const auto found = fake_cuda::find(driver().events, event);
  if (found == nullptr) return driver().misuse(CUDA_ERROR_INVALID_HANDLE);
  if (found->pending == 0) return CUDA_SUCCESS;
  advance(*found->stream);
  return call.result(CUDA_ERROR_NOT_READY);
}

CUresult fake_cuda_call(const char* function) {
  const Call call(function, Call::Needs::context);
  return call.error.value_or(CUDA_SUCCESS);
}

CUresult fake_cuda_enqueue(CUstream stream, const std::function<CUresult()>& work) {
  FAKE_CUDA_CALL("enqueue", context);
  return call.queue(stream, work);
}
