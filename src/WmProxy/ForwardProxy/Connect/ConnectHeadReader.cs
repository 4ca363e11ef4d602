using System;
using System.IO;
using System.Net.Sockets;
using System.Threading;
using System.Threading.Tasks;
using Microsoft.AspNetCore.Http;
using WmProxy.Connections;
using WmProxy.ForwardProxy.Http;

namespace WmProxy.ForwardProxy.Connect;

/// <summary>Reads the head of a <c>CONNECT</c> request, however it is split, and leaves what follows in <see cref="TransportStream.Buffered"/>.</summary>
internal static class ConnectHeadReader
{
    /// <summary>The most bytes that a head may have.</summary>
    public const int MaxLength = 16 * 1024;

    private const int FirstRead = 2048;

    /// <summary>Reads one head. Time limits are the caller's, by <see cref="TransportStream.Abort"/>.</summary>
    public static async ValueTask<ConnectHeadResult> ReadAsync(TransportStream stream)
    {
        var scanned = 0;
        while (true)
        {
            if (TryTake(stream, ref scanned, out var result))
            {
                return result;
            }

            var buffered = stream.Buffered.Length;
            if (buffered >= MaxLength)
            {
                return ConnectHeadResult.Malformed(new HttpAnswer(StatusCodes.Status431RequestHeaderFieldsTooLarge, "The head of the request is too long."));
            }

            try
            {
                if (await stream.FillBufferAsync(buffered < FirstRead ? FirstRead : MaxLength, CancellationToken.None) == 0)
                {
                    return ConnectHeadResult.ClientGone;
                }
            }
            catch (Exception ex) when (ex is SocketException or IOException or ObjectDisposedException)
            {
                return ConnectHeadResult.ClientGone;
            }
        }
    }

    /// <param name="stream">The client's bytes.</param>
    /// <param name="scanned">How many of them have been looked at for an end: each is looked at once, however slowly they come.</param>
    /// <param name="result">The result, once there is one.</param>
    private static bool TryTake(TransportStream stream, ref int scanned, out ConnectHeadResult result)
    {
        var bytes = stream.Buffered.Span;
        result = default;
        if (!bytes[..Math.Min(bytes.Length, 8)].SequenceEqual("CONNECT "u8[..Math.Min(bytes.Length, 8)]))
        {
            result = ConnectHeadResult.OtherMethod;
            return true;
        }

        for (; scanned < bytes.Length; scanned++)
        {
            if (bytes[scanned] != '\n')
            {
                continue;
            }

            // RFC 9112 section 2.2 lets a recipient take a bare LF for a line end; two that disagree about it are one request apart.
            if (scanned == 0 || bytes[scanned - 1] != '\r')
            {
                result = ConnectHeadResult.Malformed(HttpAnswer.BadRequest("Lines end with CR LF."));
                return true;
            }

            if (scanned >= 3 && bytes[scanned - 2] == '\n')
            {
                var length = scanned + 1;
                var head = ConnectHeadParser.Parse(bytes[..length], out var error);
                if (head is not null)
                {
                    stream.Consume(length);
                }

                result = head is null ? ConnectHeadResult.Malformed(error) : ConnectHeadResult.Complete(head);
                return true;
            }
        }

        return false;
    }
}
