using System;
using System.IO;
using System.Net.WebSockets;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Threading;
using System.Threading.Tasks;
using WmProxy.Tests.Common;

namespace WmProxy.EndToEndTests.Harness;

/// <summary>
/// A headless Chromium with one page, driven by the DevTools protocol (https://chromedevtools.github.io/devtools-protocol/): by it alone a proxy can be given
/// a user name and a password, as somebody in front of the browser would type them.
/// </summary>
internal sealed class ChromiumBrowser : IAsyncDisposable
{
    private readonly ToolProcess _process;
    private readonly TempDirectory _folder;
    private readonly ClientWebSocket _socket = new();
    private readonly CancellationTokenSource _deadline = new(Deadline.Bulk);
    private int _lastId;
    private string? _session;

    private ChromiumBrowser(ToolProcess process, TempDirectory folder) => (_process, _folder) = (process, folder);

    /// <summary>What is typed when the proxy asks who it is; nothing: the question is given up.</summary>
    public (string User, string Password)? Credentials { get; init; }

    /// <summary>How often the proxy asked.</summary>
    public int Challenges { get; private set; }

    public static async Task<ChromiumBrowser> StartAsync(string proxy, (string User, string Password)? credentials = null)
    {
        var chromium = ExternalTool.Require("chromium", "chromium");
        var folder = new TempDirectory();
        ChromiumBrowser? browser = null;
        try
        {
            // Without the bypass list loopback is reached without the proxy. Nothing of the browser's own traffic may count as a page's.
            var process = await chromium.StartAsync(
                [
                    "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--disable-quic", "--disable-background-networking",
                    "--disable-component-update", "--disable-sync", "--disable-default-apps", "--disable-extensions", "--ignore-certificate-errors",
                    $"--user-data-dir={folder.Path}", $"--proxy-server={proxy}", "--proxy-bypass-list=<-loopback>", "--remote-debugging-port=0", "about:blank",
                ],
                folder.Path,
                "DevTools listening on ");
            browser = new ChromiumBrowser(process, folder) { Credentials = credentials };
            await browser.AttachAsync((await process.WaitForAsync("DevTools listening on (ws://.*)")).Groups[1].Value);
            return browser;
        }
        catch
        {
            await (browser?.DisposeAsync() ?? ValueTask.CompletedTask);
            folder.Dispose();
            throw;
        }
    }

    /// <summary>Opens <paramref name="url"/> and waits until it is loaded; returns the text of the page, or the error of the network.</summary>
    public async Task<string> OpenAsync(string url)
    {
        var id = await SendAsync("Page.navigate", new JsonObject { ["url"] = url });
        var isNavigated = false;
        while (true)
        {
            var message = await ReceiveAsync();
            if (Answers(message, id))
            {
                if (message["result"]?["errorText"]?.GetValue<string>() is { } error)
                {
                    return error;
                }

                isNavigated = true;
            }
            else if (isNavigated && message["method"]?.GetValue<string>() == "Page.loadEventFired")
            {
                return await EvaluateAsync("document.body.innerText");
            }
        }
    }

    /// <summary>The value of an expression of JavaScript, a promise's once it is kept, as text.</summary>
    public async Task<string> EvaluateAsync(string expression)
    {
        var result = await CallAsync("Runtime.evaluate", new JsonObject { ["expression"] = expression, ["awaitPromise"] = true, ["returnByValue"] = true });
        return result["result"]?["value"]?.ToString() ?? result.ToJsonString();
    }

    public async ValueTask DisposeAsync()
    {
        _socket.Dispose();
        await _process.DisposeAsync();
        _deadline.Dispose();
        _folder.Dispose();
    }

    private async Task AttachAsync(string address)
    {
        await _socket.ConnectAsync(new Uri(address), _deadline.Token);
        var target = await CallAsync("Target.createTarget", new JsonObject { ["url"] = "about:blank" });
        var attached = await CallAsync("Target.attachToTarget", new JsonObject { ["targetId"] = target["targetId"]!.GetValue<string>(), ["flatten"] = true });
        _session = attached["sessionId"]!.GetValue<string>();
        await CallAsync("Page.enable", []);
        await CallAsync("Fetch.enable", new JsonObject { ["handleAuthRequests"] = true });
    }

    private async Task<JsonNode> CallAsync(string method, JsonObject parameters)
    {
        var id = await SendAsync(method, parameters);
        while (true)
        {
            var message = await ReceiveAsync();
            if (Answers(message, id))
            {
                return message["result"] ?? throw new InvalidOperationException($"{method}: {message.ToJsonString()}");
            }
        }
    }

    private static bool Answers(JsonNode message, int id) => message["id"]?.GetValue<int>() == id;

    private async Task<int> SendAsync(string method, JsonObject parameters)
    {
        var message = new JsonObject { ["id"] = ++_lastId, ["method"] = method, ["params"] = parameters };
        if (_session is not null)
        {
            message["sessionId"] = _session;
        }

        await _socket.SendAsync(JsonSerializer.SerializeToUtf8Bytes(message), WebSocketMessageType.Text, endOfMessage: true, _deadline.Token);
        return _lastId;
    }

    /// <summary>The next message; what the browser waits for with it is answered.</summary>
    private async Task<JsonNode> ReceiveAsync()
    {
        using var text = new MemoryStream();
        var buffer = new byte[16 * 1024];
        ValueWebSocketReceiveResult received;
        do
        {
            received = await _socket.ReceiveAsync(buffer.AsMemory(), _deadline.Token);
            text.Write(buffer, 0, received.Count);
        }
        while (!received.EndOfMessage);

        var message = JsonNode.Parse(text.ToArray()) ?? throw new InvalidDataException("The browser is gone.");
        switch (message["method"]?.GetValue<string>())
        {
            case "Fetch.requestPaused":
                await SendAsync("Fetch.continueRequest", RequestOf(message));
                break;
            case "Fetch.authRequired":
                Challenges++;
                var answer = RequestOf(message);
                answer["authChallengeResponse"] = Credentials is { } credentials && Challenges == 1
                    ? new JsonObject { ["response"] = "ProvideCredentials", ["username"] = credentials.User, ["password"] = credentials.Password }
                    : new JsonObject { ["response"] = "CancelAuth" };
                await SendAsync("Fetch.continueWithAuth", answer);
                break;
        }

        return message;
    }

    private static JsonObject RequestOf(JsonNode message) => new() { ["requestId"] = message["params"]!["requestId"]!.GetValue<string>() };
}
