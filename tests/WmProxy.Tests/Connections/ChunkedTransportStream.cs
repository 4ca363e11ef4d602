using System;
using System.Collections.Generic;
using System.Net.Sockets;
using System.Threading;
using System.Threading.Tasks;
using WmProxy.Connections;

namespace WmProxy.Tests.Connections;

/// <summary>A peer that sends given chunks, one for each read at most, and then ends, fails or stays silent.</summary>
internal sealed class ChunkedTransportStream : TransportStream
{
    private readonly Queue<ReadOnlyMemory<byte>> _chunks = new();
    private readonly Func<CancellationToken, ValueTask<int>> _end;

    public ChunkedTransportStream(IEnumerable<byte[]> chunks, Func<CancellationToken, ValueTask<int>>? end = null)
    {
        foreach (var chunk in chunks)
        {
            if (chunk.Length > 0)
            {
                _chunks.Enqueue(chunk);
            }
        }

        _end = end ?? (static _ => new ValueTask<int>(0));
    }

    public override Socket? RawSocket => null;

    public override bool HasInput => HasPendingInput;

    public override bool IsResetBehindEnd => IsReset;

    /// <summary>What <see cref="HasInput"/> says.</summary>
    public bool HasPendingInput { get; set; } = true;

    /// <summary>Whether its end is really a reset.</summary>
    public bool IsReset { get; init; }

    /// <summary>How many bytes were read from the peer.</summary>
    public int Received { get; private set; }

    /// <summary>What was written to the peer.</summary>
    public List<byte> Written { get; } = [];

    /// <summary>What becomes of writes; <see langword="null"/> where they succeed.</summary>
    public Exception? WriteFailure { get; init; }

    /// <summary>Whether it was closed.</summary>
    public bool IsDisposed { get; private set; }

    /// <summary>Where the last read was to put its bytes.</summary>
    public Memory<byte> LastBuffer { get; private set; }

    /// <summary>A peer whose bytes come in two chunks, cut at <paramref name="position"/>.</summary>
    public static ChunkedTransportStream Split(byte[] bytes, int position) => new([bytes[..position], bytes[position..]]);

    /// <summary>A peer whose bytes come one at a time.</summary>
    public static ChunkedTransportStream Dribble(byte[] bytes)
    {
        var chunks = new List<byte[]>();
        foreach (var b in bytes)
        {
            chunks.Add([b]);
        }

        return new ChunkedTransportStream(chunks);
    }

    /// <summary>A peer that falls silent after its bytes: reads end by cancellation only.</summary>
    public static ChunkedTransportStream Silent(params byte[][] chunks) => new(chunks, static async token =>
    {
        var pending = new TaskCompletionSource<int>();
        using (token.Register(() => pending.TrySetCanceled(token)))
        {
            return await pending.Task;
        }
    });

    /// <summary>A peer whose connection fails after its bytes.</summary>
    public static ChunkedTransportStream Failing(Exception exception, params byte[][] chunks) =>
        new(chunks, _ => ValueTask.FromException<int>(exception));

    public override ValueTask CompleteWritesAsync(CancellationToken cancellationToken) => ValueTask.CompletedTask;

    public override void Abort()
    {
    }

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (WriteFailure is not null)
        {
            return ValueTask.FromException(WriteFailure);
        }

        Written.AddRange(buffer.Span);
        return default;
    }

    protected override void Dispose(bool disposing)
    {
        IsDisposed = true;
        base.Dispose(disposing);
    }

    protected override ValueTask<int> ReadCoreAsync(Memory<byte> buffer, CancellationToken cancellationToken)
    {
        LastBuffer = buffer;
        if (!_chunks.TryDequeue(out var chunk))
        {
            return _end(cancellationToken);
        }

        var count = Math.Min(chunk.Length, buffer.Length);
        chunk[..count].CopyTo(buffer);
        Received += count;
        if (count < chunk.Length)
        {
            var rest = new List<ReadOnlyMemory<byte>>(_chunks);
            _chunks.Clear();
            _chunks.Enqueue(chunk[count..]);
            rest.ForEach(_chunks.Enqueue);
        }

        return new ValueTask<int>(count);
    }
}
