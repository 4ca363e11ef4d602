namespace WmProxy.Streams;

/// <summary>What of a stream lives across reloads.</summary>
internal sealed class StreamState
{
}
