using System.Collections.Concurrent;
using System.Collections.Generic;

namespace WmProxy.ForwardProxy;

/// <summary>The live requests of one forward proxy; bounded by its connections, of which each has one at a time.</summary>
internal sealed class LiveRequests
{
    private readonly ConcurrentDictionary<LiveRequest, byte> _requests = new();

    public int Count => _requests.Count;

    public IEnumerable<LiveRequest> All => _requests.Keys;

    public void Add(LiveRequest request) => _requests.TryAdd(request, 0);

    public void Remove(LiveRequest request) => _requests.TryRemove(request, out _);
}
