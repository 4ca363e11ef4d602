using System;
using System.IO;
using System.Net.Sockets;
using System.Threading;
using System.Threading.Tasks;
using WmProxy.Connections;
using WmProxy.Http1;
using WmProxy.Relay;
using WmProxy.Relay.Bandwidth;

namespace WmProxy.ForwardProxy.Http;

/// <summary>
/// Passes the content of one message on as it comes. Chunks are read and written anew, so that nobody behind this proxy sees framing that it has not understood
/// itself. A buffer is held only while there is something in it.
/// </summary>
internal sealed class BodyRelay
{
    private const int BufferSize = 64 * 1024;
    private const int MaxTrailers = 16 * 1024;

    private readonly ForwardHttpConnection _connection;
    private readonly RelayDirection _direction;
    private readonly TransportStream _source;
    private readonly BandwidthLimiter? _limiter;
    private readonly BodyKind _kind;
    private readonly bool _asChunks;
    private ChunkedDecoder _decoder;
    private long _left;
    private bool _isInTrailers;
    private bool _isMalformed;

    /// <param name="connection">Counts the bytes.</param>
    /// <param name="direction">Which way it goes.</param>
    /// <param name="source">Where it comes from; the head is consumed.</param>
    /// <param name="framing">How its end is known.</param>
    /// <param name="asChunks">Whether it is passed on in chunks; else as it is, up to the end of the connection.</param>
    /// <param name="limiter">Limits it; <see langword="null"/> for no limit.</param>
    public BodyRelay(ForwardHttpConnection connection, RelayDirection direction, TransportStream source, BodyFraming framing, bool asChunks, BandwidthLimiter? limiter)
    {
        _connection = connection;
        _direction = direction;
        _source = source;
        _kind = framing.Kind;
        _left = framing.Kind == BodyKind.UntilEnd ? long.MaxValue : framing.Length;
        _asChunks = asChunks;
        _limiter = limiter;
        IsComplete = !framing.HasContent;
    }

    /// <summary>Whether all of it was read.</summary>
    public bool IsComplete { get; private set; }

    /// <summary>How many bytes of content there were, without their framing.</summary>
    public long Bytes { get; private set; }

    /// <summary>Adds what is there already to <paramref name="output"/>, which holds the head, so that both go with one write. Not where they are limited.</summary>
    public void Take(OutputBuffer output)
    {
        if (_limiter is null && !IsComplete)
        {
            Convert(output, _source.Buffered.Length);
        }
    }

    /// <summary>Passes on what is left of it.</summary>
    public async Task<BodyEnd> RunAsync(TransportStream sink, OutputBuffer output)
    {
        try
        {
            return await MoveAsync(sink, output);
        }
        finally
        {
            // What could not be passed on is not for whoever uses it next.
            output.Release();
        }
    }

    private async ValueTask<BodyEnd> MoveAsync(TransportStream sink, OutputBuffer output)
    {
        while (!IsComplete)
        {
            if (_isMalformed)
            {
                return BodyEnd.Malformed;
            }

            if (await FillAsync(output) is var filled and not BodyEnd.Complete)
            {
                return filled;
            }

            var direct = 0;
            if (_isInTrailers)
            {
                if (!await TryTakeTrailersAsync(output))
                {
                    return _isMalformed ? BodyEnd.Malformed : BodyEnd.SourceFailed;
                }
            }
            else if (!IsComplete)
            {
                var count = await LimitAsync(_source.Buffered.Length);
                if (count == 0)
                {
                    return BodyEnd.SourceFailed;
                }

                if (IsDirect)
                {
                    // Without a copy.
                    direct = (int)Math.Min(count, _left);
                }
                else
                {
                    Convert(output, count);
                }
            }

            var bytes = direct > 0 ? _source.Buffered[..direct] : output.Written;
            if (!bytes.IsEmpty && !await TryWriteAsync(sink, bytes))
            {
                return BodyEnd.SinkFailed;
            }

            output.Release();
            if (direct > 0)
            {
                _source.Consume(direct);
                Count(direct);
            }
        }

        return BodyEnd.Complete;
    }

    /// <summary>Reads what is left of it for nobody, as long as it has no more than <paramref name="most"/> bytes.</summary>
    /// <returns>Whether the next message can follow.</returns>
    public async ValueTask<bool> DiscardAsync(OutputBuffer output, int most)
    {
        while (!IsComplete && !_isMalformed && Bytes <= most)
        {
            if (await FillAsync(output) != BodyEnd.Complete || (_isInTrailers && !await TryTakeTrailersAsync(output)))
            {
                return false;
            }

            if (!IsComplete)
            {
                Convert(output, _source.Buffered.Length);
            }

            output.Release();
        }

        return IsComplete;
    }

    private bool IsDirect => _kind == BodyKind.Length || (_kind == BodyKind.UntilEnd && !_asChunks);

    private async ValueTask<BodyEnd> FillAsync(OutputBuffer output)
    {
        if (!_source.Buffered.IsEmpty)
        {
            return BodyEnd.Complete;
        }

        try
        {
            _ = await _source.ReadAsync(Memory<byte>.Empty);
            if (await _source.FillBufferAsync(BufferSize, CancellationToken.None) > 0)
            {
                return BodyEnd.Complete;
            }
        }
        catch (Exception ex) when (ex is SocketException or IOException or ObjectDisposedException)
        {
            return BodyEnd.SourceFailed;
        }

        if (_kind != BodyKind.UntilEnd || _source.IsResetBehindEnd)
        {
            return BodyEnd.SourceFailed;
        }

        IsComplete = true;
        if (_asChunks)
        {
            output.Append("0\r\n\r\n"u8);
        }

        return BodyEnd.Complete;
    }

    /// <summary>How many of <paramref name="count"/> bytes may be passed on; 0 when the connection is ended meanwhile.</summary>
    private async ValueTask<int> LimitAsync(int count)
    {
        if (_limiter is null)
        {
            return count;
        }

        try
        {
            return await _limiter.AcquireAsync((int)Math.Min(count, _left > 0 ? _left : count), _connection.Canceled);
        }
        catch (Exception ex) when (ex is OperationCanceledException or ObjectDisposedException)
        {
            return 0;
        }
    }

    private async ValueTask<bool> TryWriteAsync(TransportStream sink, ReadOnlyMemory<byte> bytes)
    {
        try
        {
            await sink.WriteAsync(bytes);
            _connection.AddBytes(_direction, bytes.Length);
            return true;
        }
        catch (Exception ex) when (ex is SocketException or IOException or ObjectDisposedException)
        {
            return false;
        }
    }

    private void Count(int count)
    {
        Bytes += count;
        if (_kind == BodyKind.Length)
        {
            _left -= count;
            IsComplete = _left == 0;
        }
    }

    private void Convert(OutputBuffer output, int count)
    {
        var input = _source.Buffered.Span[..count];
        if (_kind == BodyKind.Chunked)
        {
            Decode(output, input);
            return;
        }

        input = input[..(int)Math.Min(_left, input.Length)];
        Append(output, input);
        _source.Consume(input.Length);
        Count(input.Length);
    }

    private void Decode(OutputBuffer output, ReadOnlySpan<byte> input)
    {
        var total = 0;
        while (true)
        {
            var status = _decoder.Read(input[total..], out var consumed, out var data);
            total += consumed;
            Append(output, data);
            Bytes += data.Length;
            if (status == ChunkStatus.Data)
            {
                continue;
            }

            _isMalformed = status == ChunkStatus.Malformed;
            _isInTrailers = status == ChunkStatus.Last;
            break;
        }

        _source.Consume(total);
        if (_isInTrailers && _source.Buffered.Span.StartsWith("\r\n"u8))
        {
            // None, as is usual.
            _source.Consume(2);
            IsComplete = true;
            Append(output, "0\r\n\r\n"u8, isFraming: true);
        }
    }

    private void Append(OutputBuffer output, ReadOnlySpan<byte> bytes, bool isFraming = false)
    {
        if (bytes.IsEmpty || (isFraming && !_asChunks))
        {
            return;
        }

        if (_asChunks && !isFraming)
        {
            output.AppendChunk(bytes);
        }
        else
        {
            output.Append(bytes);
        }
    }

    // RFC 9112 section 7.1.2.
    private async ValueTask<bool> TryTakeTrailersAsync(OutputBuffer output)
    {
        var read = await HeadReader.ReadAsync(_source, MaxTrailers, allowsBareLf: false);
        if (!read.IsComplete)
        {
            _isMalformed = !read.IsGone;
            return false;
        }

        var trailers = new TrailerSection();
        _isMalformed = trailers.Parse(_source.Buffered.Span[..read.Length], isLenient: _direction == RelayDirection.Down) != HeadError.None;
        _source.Consume(read.Length);
        if (!_isMalformed)
        {
            Append(output, "0\r\n"u8, isFraming: true);
            for (var i = 0; _asChunks && i < trailers.FieldCount; i++)
            {
                if (trailers.IsAllowed(i))
                {
                    output.AppendField(trailers.NameOf(i), trailers.ValueOf(i));
                }
            }

            Append(output, "\r\n"u8, isFraming: true);
            IsComplete = true;
        }

        trailers.Release();
        return !_isMalformed;
    }
}
