using System;
using System.Collections.Generic;
using System.Linq;
using WmProxy.Listeners;

namespace WmProxy.Streams;

/// <summary>All streams of a configuration, compiled, with the listeners that they need.</summary>
/// <param name="Models">The streams by name.</param>
/// <param name="Listeners">The listeners, one for each address and port.</param>
internal sealed record CompiledStreams(IReadOnlyDictionary<string, StreamModel> Models, IReadOnlyList<ListenerModel> Listeners)
{
    public static CompiledStreams None { get; } = new(new Dictionary<string, StreamModel>(), []);

    /// <summary>Whether connections of a stream that came in on a listener may go on for as long as they like.</summary>
    public bool Serves(string? streamId, string listenerKey) =>
        Listeners.Any(listener => listener.Key == listenerKey && (streamId is null || listener.StreamIds.Contains(streamId, StringComparer.OrdinalIgnoreCase)));
}
