using System;
using System.IO;
using System.Net.Sockets;
using System.Threading;
using System.Threading.Tasks;

namespace WmProxy.Connections.ProxyProtocol;

/// <summary>
/// Reads the header of the PROXY protocol, versions 1 and 2 (https://www.haproxy.org/download/3.0/doc/proxy-protocol.txt, section 2),
/// exactly as it is specified: what other receivers let pass is an error here, because an address decides who may connect.
/// </summary>
internal static class ProxyProtocolReader
{
    // One page of it, so that a header and what follows in the same packet come with one read.
    private const int ReadSize = 2048;

    /// <summary>
    /// Reads a header in one of <paramref name="versions"/> and consumes it, and not one byte more. Without one it consumes nothing and
    /// returns as soon as a byte rules the header out; a header of a version that is not among <paramref name="versions"/> is none.
    /// </summary>
    /// <remarks>
    /// A client whose protocol lets the server speak first may send neither header nor data. Where a header is optional, the caller cancels
    /// at its deadline, and goes on if the result is <see cref="ProxyProtocolStatus.Canceled"/> and nothing is buffered.
    /// </remarks>
    public static async ValueTask<ProxyProtocolResult> ReadAsync(
        TransportStream stream,
        ProxyProtocolVersions versions,
        CancellationToken cancellationToken)
    {
        try
        {
            while (true)
            {
                if (TryParse(stream.Buffered.Span, versions, out var result, out var length))
                {
                    stream.Consume(length);
                    return result;
                }

                if (await stream.FillBufferAsync(Math.Max(ReadSize, length), cancellationToken) == 0)
                {
                    return AtEnd(stream.Buffered.Span);
                }
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            return new ProxyProtocolResult(ProxyProtocolStatus.Canceled);
        }
        catch (Exception ex) when (ex is ObjectDisposedException or SocketException or IOException or OperationCanceledException)
        {
            return new ProxyProtocolResult(ProxyProtocolStatus.ClientGone);
        }
    }

    /// <summary>Tells whether <paramref name="bytes"/> decide.</summary>
    /// <param name="bytes">The bytes so far, from the first of the connection.</param>
    /// <param name="versions">The versions to look for.</param>
    /// <param name="result">The decision.</param>
    /// <param name="length">How many bytes the header took; without a decision, how many it takes at least.</param>
    private static bool TryParse(
        ReadOnlySpan<byte> bytes,
        ProxyProtocolVersions versions,
        out ProxyProtocolResult result,
        out int length)
    {
        if (versions.HasFlag(ProxyProtocolVersions.V1) && HasSignature(bytes, ProxyProtocolV1.Signature, out length))
        {
            result = default;
            return length == 0 && ProxyProtocolV1.TryParse(bytes, out result, out length);
        }

        if (versions.HasFlag(ProxyProtocolVersions.V2) && HasSignature(bytes, ProxyProtocolV2.Signature, out length))
        {
            result = default;
            return length == 0 && ProxyProtocolV2.TryParse(bytes, out result, out length);
        }

        result = new ProxyProtocolResult(ProxyProtocolStatus.Absent);
        length = 0;
        return true;
    }

    /// <summary>Whether the bytes begin with the signature, or may yet, in which case <paramref name="missing"/> is its length.</summary>
    private static bool HasSignature(ReadOnlySpan<byte> bytes, ReadOnlySpan<byte> signature, out int missing)
    {
        missing = bytes.Length < signature.Length ? signature.Length : 0;
        return missing == 0 ? bytes.StartsWith(signature) : signature.StartsWith(bytes);
    }

    // An end within a signature proves that it was none. Behind it, a header was begun that a receiver must reject.
    private static ProxyProtocolResult AtEnd(ReadOnlySpan<byte> bytes) => bytes switch
    {
        { IsEmpty: true } => new ProxyProtocolResult(ProxyProtocolStatus.EndOfStream),
        _ when bytes.StartsWith(ProxyProtocolV1.Signature) || bytes.StartsWith(ProxyProtocolV2.Signature) =>
            ProxyProtocolResult.Invalid("The connection ended within the PROXY header."),
        _ => new ProxyProtocolResult(ProxyProtocolStatus.Absent),
    };
}
