using Microsoft.AspNetCore.Http;

namespace WmProxy.ForwardProxy.Http;

/// <summary>What became of an exchange.</summary>
/// <param name="Kind">What.</param>
/// <param name="Answer">What the client is to be told, where it is.</param>
/// <param name="Error">What went wrong, in words for a log.</param>
internal readonly record struct ExchangeResult(ExchangeResultKind Kind, HttpAnswer Answer = default, string? Error = null)
{
    private static readonly HttpAnswer NoValidAnswer = new(StatusCodes.Status502BadGateway, "The destination gave no valid answer.");

    public static ExchangeResult Completed => new(ExchangeResultKind.Completed);

    public static ExchangeResult CompletedLast => new(ExchangeResultKind.CompletedLast);

    public static ExchangeResult Switched => new(ExchangeResultKind.Switched);

    public static ExchangeResult Responded => new(ExchangeResultKind.Responded);

    public static ExchangeResult Stale => new(ExchangeResultKind.Stale, NoValidAnswer, "The destination ended the connection without a response.");

    public static ExchangeResult ClientGone => new(ExchangeResultKind.ClientGone, Error: "The client left.");

    public static ExchangeResult Answered(HttpAnswer answer) => new(ExchangeResultKind.Answered, answer, answer.Text);

    public static ExchangeResult Bad(string error) => new(ExchangeResultKind.Answered, NoValidAnswer, error);

    public static ExchangeResult Cut(string error) => new(ExchangeResultKind.Cut, Error: error);
}
