using System.Threading.Tasks;
using Grpc.Core;

namespace WmProxy.EndToEndTests.Protocols;

/// <summary>Answers each line with the same in capitals; the line "fail" with an error.</summary>
internal sealed class ChatService : Chat.ChatBase
{
    public override Task<Line> Say(Line request, ServerCallContext context) =>
        request.Text == "fail"
            ? throw new RpcException(new Status(StatusCode.FailedPrecondition, "told to"))
            : Task.FromResult(new Line { Text = request.Text.ToUpperInvariant() });

    public override async Task Talk(IAsyncStreamReader<Line> requestStream, IServerStreamWriter<Line> responseStream, ServerCallContext context)
    {
        await foreach (var line in requestStream.ReadAllAsync(context.CancellationToken))
        {
            await responseStream.WriteAsync(new Line { Text = line.Text.ToUpperInvariant() }, context.CancellationToken);
        }

        context.ResponseTrailers.Add("talk-end", "orderly");
    }
}
