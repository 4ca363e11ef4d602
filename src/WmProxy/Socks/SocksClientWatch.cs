using System;
using System.Threading;
using System.Threading.Tasks;
using WmProxy.Connections;

namespace WmProxy.Socks;

/// <summary>
/// Ends the wait for something when the client leaves meanwhile. What the client sends stays buffered for whoever reads next, which is nobody else before
/// this is disposed. It may be disposed at any time, with TLS too: a read that is cancelled there is taken up again by the next one.
/// </summary>
internal sealed class SocksClientWatch : IAsyncDisposable
{
    private readonly SocksClient _client;
    private readonly CancellationTokenSource _stop;
    private Task? _watching;

    /// <param name="client">The client.</param>
    /// <param name="first">What else ends the wait.</param>
    /// <param name="second">What else ends the wait.</param>
    public SocksClientWatch(SocksClient client, CancellationToken first, CancellationToken second = default)
    {
        _client = client;
        _stop = CancellationTokenSource.CreateLinkedTokenSource(first, second);
    }

    /// <summary>Cancelled when the wait is to end.</summary>
    public CancellationToken Token => _stop.Token;

    /// <summary>Begins to watch.</summary>
    /// <param name="mayHaveSaidAll">Whether the client may have ended its direction behind bytes that are buffered by then, and wait for the answer to them.</param>
    public void Start(bool mayHaveSaidAll) => _watching = WatchAsync(mayHaveSaidAll);

    public async ValueTask DisposeAsync()
    {
        if (_watching is { } watching)
        {
            await _stop.CancelAsync();
            await watching;
        }

        _stop.Dispose();
    }

    private async Task WatchAsync(bool mayHaveSaidAll)
    {
        var stream = _client.Stream;
        try
        {
            int read;
            do
            {
                if (stream.Buffered.Length >= Socks5Protocol.BufferSize)
                {
                    // Somebody has to take that first.
                    return;
                }

                read = await stream.FillBufferAsync(Socks5Protocol.BufferSize, _stop.Token);
            }
            while (read > 0);

            if (mayHaveSaidAll && stream.Buffered.Length > 0)
            {
                return;
            }
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            return;
        }
        catch (Exception ex) when (SocksClient.IsGone(ex))
        {
            // As with an end: nobody is there to wait for anything.
        }

        _client.State.TryEnd(ConnectionEndReason.ClientGone);
        await _stop.CancelAsync();
    }
}
