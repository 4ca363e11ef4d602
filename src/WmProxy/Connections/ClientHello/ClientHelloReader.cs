using System;
using System.IO;
using System.Net.Sockets;
using System.Threading;
using System.Threading.Tasks;

namespace WmProxy.Connections.ClientHello;

/// <summary>Looks at the ClientHello that a connection begins with (RFC 8446 section 4.1.2), without consuming any of it.</summary>
internal static class ClientHelloReader
{
    /// <summary>The most bytes that are looked at: a ClientHello of 16 KiB in up to 64 records.</summary>
    public const int MaxLength = ClientHelloRecords.MaxMessageLength + 64 * ClientHelloRecords.HeaderLength;

    // Enough for most hellos, also those with a post-quantum key share, so that one read gets them.
    private const int ReadSize = 2048;

    /// <summary>Reads until the bytes decide, which is at the first one if it does not begin a TLS handshake record.</summary>
    /// <remarks>
    /// Whatever the result, the bytes stay in <see cref="TransportStream.Buffered"/>. A client that waits for the server to speak first sends
    /// nothing; the caller cancels at its deadline, and may go on if the result is <see cref="ClientHelloStatus.Canceled"/>.
    /// </remarks>
    public static async ValueTask<ClientHelloResult> ReadAsync(TransportStream stream, CancellationToken cancellationToken)
    {
        var records = new ClientHelloRecords();
        try
        {
            while (true)
            {
                var status = records.Read(stream.Buffered.Span);
                if (status == ClientHelloRecordStatus.Complete)
                {
                    return records.Parse(stream.Buffered.Span);
                }

                if (status != ClientHelloRecordStatus.NeedsMore)
                {
                    return new ClientHelloResult(status switch
                    {
                        ClientHelloRecordStatus.NotTls => ClientHelloStatus.NotTls,
                        ClientHelloRecordStatus.TooLarge => ClientHelloStatus.TooLarge,
                        _ => ClientHelloStatus.Malformed,
                    });
                }

                if (await stream.FillBufferAsync(Math.Max(ReadSize, records.NeededLength), cancellationToken) == 0)
                {
                    return new ClientHelloResult(ClientHelloStatus.EndOfStream);
                }
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            return new ClientHelloResult(ClientHelloStatus.Canceled);
        }
        catch (Exception ex) when (ex is ObjectDisposedException or SocketException or IOException or OperationCanceledException)
        {
            return new ClientHelloResult(ClientHelloStatus.ClientGone);
        }
    }
}
